//! Work in parallel, results in order, few in flight.
//!
//! A result is handed over only after all those before it. So what is made of them
//! does not depend on the number of threads, and memory not on the number of tasks.

use std::collections::VecDeque;
use std::sync::mpsc;

use rayon::ThreadPool;

/// Does `work` on every task and hands the results to `take` in the order of the tasks, on the caller's thread. At most
/// `in_flight` tasks are begun and not handed over. The first error, in that order, ends it; so does the end of
/// `tasks`, which are asked for one by one.
pub(super) fn in_order<T: Send, R: Send, E: Send>(
    pool: &ThreadPool,
    in_flight: usize,
    mut tasks: impl Iterator<Item = T>,
    work: impl Fn(T) -> Result<R, E> + Sync,
    mut take: impl FnMut(R),
) -> Result<(), E> {
    let work = &work;
    pool.in_place_scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let mut handed_over = 0;
        let mut begun: VecDeque<Option<Result<R, E>>> = VecDeque::new();
        loop {
            while begun.len() < in_flight.max(1) {
                let Some(task) = tasks.next() else { break };
                let (number, sender) = (handed_over + begun.len(), sender.clone());
                begun.push_back(None);
                scope.spawn(move |_| {
                    // Nobody listens any more after an error.
                    let _ = sender.send((number, work(task)));
                });
            }
            if begun.is_empty() {
                return Ok(());
            }
            let (number, result) = receiver.recv().expect("a sender is kept here");
            begun[number - handed_over] = Some(result);
            while let Some(Some(_)) = begun.front() {
                let result = begun.pop_front().flatten().expect("it has just been seen");
                handed_over += 1;
                take(result?);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(threads: usize) -> ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    /// Determinism: late results wait for early ones.
    #[test]
    fn results_come_in_the_order_of_the_tasks() {
        for (threads, in_flight) in [(1, 1), (1, 5), (4, 2), (4, 9)] {
            let mut taken = vec![];
            let slow_at_first = |task: u64| {
                std::thread::sleep(std::time::Duration::from_micros(if task.is_multiple_of(4) { 400 } else { 0 }));
                Ok::<_, ()>(task)
            };
            in_order(&pool(threads), in_flight, 0..50, slow_at_first, |result| taken.push(result)).unwrap();
            assert_eq!(taken, (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_in_order_is_the_one_that_is_told() {
        let mut taken = 0;
        let work = |task| if task == 7 || task == 8 { Err(task) } else { Ok(task) };
        assert_eq!(in_order(&pool(4), 6, 0..50, work, |_| taken += 1), Err(7));
        assert_eq!(taken, 7);
    }
}
