use super::*;
use crate::model::{Traffic, WEEK};

const BUSY: CpuUsage = CpuUsage { idle: 20.0, busy: 500.0, capacity: 100.0 };

fn at(secs: f64) -> SimTime {
    SimTime::ZERO + Duration::from_secs_f64(secs)
}

fn load_of(traffic: Traffic, index: u64) -> Load {
    let streams = Streams::new(5, index);
    Load::new(Requests::until_end(traffic, Duration::ZERO, streams, SimTime::ZERO), streams)
}

fn load(traffic: Traffic) -> Load {
    load_of(traffic, 0)
}

fn looks(doing: Doing) -> Looks {
    let in_rotation = doing == Doing::Answering;
    Looks { doing, in_rotation, is_reached: true, is_ready: in_rotation, is_deleted: false, is_accepted: true }
}

/// A Pod that starts at 100 s and has answered since 110 s, beside another one, 60 requests a second in all.
fn started() -> (Load, PodLoad) {
    let mut load = load(Traffic::flat(60.0).unwrap());
    load.rotation_changed(at(0.0), true);
    let mut pod = PodLoad::new(at(90.0), looks(Doing::Nothing));
    pod.look(at(100.0), looks(Doing::Idling));
    pod.look(at(110.0), looks(Doing::Answering));
    load.rotation_changed(at(110.0), true);
    (load, pod)
}

/// Another chance for each: replications of one Pod that starts at 100 s.
fn replications(count: u64) -> impl Iterator<Item = (Load, PodLoad)> {
    (0..count).map(|index| {
        let load = load_of(Traffic::flat(60.0).unwrap(), index);
        let mut pod = PodLoad::new(at(90.0), looks(Doing::Nothing));
        pod.look(at(100.0), looks(Doing::Idling));
        (load, pod)
    })
}

/// The value below which this part of a sample is.
fn quantile(sample: &mut [f64], part: f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    sample[(part * sample.len() as f64) as usize]
}

/// H8: the first sample comes after 12 to 33 s (98 %), 22.7 s on average, and no window begins before the start.
#[test]
fn h8_the_first_sample() {
    const STEP: f64 = 0.25;
    let first = |(load, pod): (Load, PodLoad)| {
        let mut steps = (0..200).map(|step| f64::from(step) * STEP);
        let first =
            steps.find(|after| load.window(&pod, 1, at(100.0 + after)).is_some()).expect("there is one after a while");
        let window = load.window(&pod, 1, at(100.0 + first)).unwrap();
        assert!(window.from >= at(100.0) && window.from < window.to && window.to <= at(100.0 + first));
        first - STEP / 2.0
    };
    let mut firsts: Vec<f64> = replications(4_000).map(first).collect();
    let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
    // The standard error is 0.1 s.
    assert!((mean - 22.7).abs() < 0.4, "{mean}");
    let (least, most) = (quantile(&mut firsts, 0.01), quantile(&mut firsts, 0.99));
    assert!((11.0..13.0).contains(&least) && (32.0..34.0).contains(&most), "{least} {most}");
}

/// H8: how old samples are, how long their windows, and when a step of the load is wholly in them.
#[test]
fn h8_windows_of_samples() {
    let (load, pod) = started();
    let (mut ages, mut lengths, mut wholly) = (Vec::new(), Vec::new(), Vec::new());
    for secs in 0..8_000 {
        // Whatever stands in step with the scrapes.
        let now = at(500.0 + f64::from(secs) * 1.37);
        let window = load.window(&pod, 1, now).expect("it has run for long");
        ages.push(now.since(window.to).as_secs_f64());
        lengths.push(window.to.since(window.from).as_secs_f64());
        wholly.push(now.since(window.from).as_secs_f64());
        assert!(window.from + SETTLES >= now);
        // 30 requests a second of 100 that it can take.
        let rates = load.rates(now);
        assert_eq!((load.cpu(&rates, &pod, window, &BUSY), load.asked(&rates, &pod, window)), (170, 30_000));
    }
    let mean = |sample: &[f64]| sample.iter().sum::<f64>() / sample.len() as f64;
    let near = |what: f64, wanted: f64| assert!((what - wanted).abs() < 1.0, "{what} for {wanted}");
    near(mean(&ages), 15.0);
    near(quantile(&mut ages, 0.05), 5.0);
    near(quantile(&mut ages, 0.95), 26.0);
    near(mean(&lengths), 17.0);
    near(lengths.iter().copied().fold(f64::INFINITY, f64::min), 10.0);
    near(quantile(&mut lengths, 0.95), 27.0);
    // A pass comes up to 15 s later still: 26 to 54 s, 39.5 s on average.
    near(quantile(&mut wholly, 0.05) + 7.5, 28.0);
    near(mean(&wholly) + 7.5, 39.5);
    near(quantile(&mut wholly, 0.95) + 7.5, 52.0);
}

/// What a Pod used is the mean over the window, part by part: idle, alone, with another one.
#[test]
fn samples_are_means() {
    let (load, pod) = started();
    let window = |from: f64, to: f64| Window { from: at(from), to: at(to) };
    assert_eq!(load.cpu(&load.rates(at(125.0)), &pod, window(100.0, 110.0), &BUSY), 20);
    assert_eq!(load.cpu(&load.rates(at(125.0)), &pod, window(110.0, 120.0), &BUSY), 170);
    assert_eq!(load.cpu(&load.rates(at(125.0)), &pod, window(105.0, 125.0), &BUSY), 133);
    assert_eq!(load.cpu(&load.rates(at(125.0)), &pod, window(95.0, 105.0), &BUSY), 10);
    assert_eq!(load.asked(&load.rates(at(125.0)), &pod, window(105.0, 125.0)), 22_500);
    // More than it can take costs no more.
    let usage = CpuUsage { capacity: 10.0, ..BUSY };
    assert_eq!(load.cpu(&load.rates(at(125.0)), &pod, window(110.0, 120.0), &usage), 520);
}

/// The rate of requests changes within a window.
#[test]
fn samples_follow_the_rate() {
    let hours = std::array::from_fn(|hour| if hour == 0 { 1.0 } else { 3.0 });
    let traffic = Traffic::by_the_hour(100.0, hours).unwrap();
    let first = traffic.stretch(0).rate;
    let load = load(traffic);
    let whole = Load::mean(&load.rates(at(3_620.0)), Window { from: at(3_595.0), to: at(3_615.0) }, |_| {
        (|rate: f64| rate, SimTime::NEVER)
    });
    assert!((whole - first * (0.25 + 3.0 * 0.75)).abs() < 1e-6);
    assert_eq!(load.rate(at(10.0)), (first, at(3_600.0)));
    assert_eq!(load.rate(at(3_600.0)).1, SimTime::ZERO + WEEK);
}

/// H8, H11: the sample of a container that has exited is gone with the next scrape, within 15 s; that of a Node that does not answer
/// 10 s later.
#[test]
fn h8_h11_samples_go() {
    let lasts = |is_reached: bool| {
        let last = move |(load, mut pod): (Load, PodLoad)| {
            let doing = if is_reached { Doing::Nothing } else { Doing::Idling };
            pod.look(at(200.0), Looks { is_reached, ..looks(doing) });
            let steps = (0..300).map(|step| 0.1 * f64::from(step));
            steps.take_while(|after| load.window(&pod, 1, at(200.0 + after)).is_some()).last().unwrap_or(0.0)
        };
        replications(500)
            .map(last)
            .fold((f64::INFINITY, 0.0_f64), |(least, most), last| (least.min(last), most.max(last)))
    };
    let (least, most) = lasts(true);
    assert!(least < 0.5 && (14.5..=15.0).contains(&most), "{least} {most}");
    let (least, most) = lasts(false);
    assert!((9.9..10.5).contains(&least) && (24.5..=25.0).contains(&most), "{least} {most}");
}

/// H8: a Node that answers again has a sample when two scrapes have brought different readings.
#[test]
fn h8_a_node_that_is_back() {
    for (load, mut pod) in replications(300) {
        pod.look(at(200.0), Looks { is_reached: false, ..looks(Doing::Idling) });
        pod.look(at(300.0), looks(Doing::Idling));
        let first = (0..60).find(|after| load.window(&pod, 1, at(300.0 + f64::from(*after))).is_some());
        assert!(first.is_some_and(|first| (15..=45).contains(&first)), "{first:?}");
    }
}

/// H10: a window is after a change when its end is by its own length.
#[test]
fn h10_a_sample_is_later_than_the_readiness_by_its_window() {
    let window = Window { from: at(100.0), to: at(115.0) };
    assert!(window.is_after(at(100.0)) && !window.is_after(at(100.1)));
}

/// What is older than any window is forgotten.
#[test]
fn the_past_is_forgotten() {
    let mut spells: Spells<u32> = smallvec![(SimTime::ZERO, 0)];
    for second in 1..10_000 {
        note(&mut spells, at(f64::from(second)), second);
        assert!(spells.len() <= 67);
        let back = f64::from(second) - 65.0;
        if back > 0.0 {
            assert_eq!(spell(&spells, at(back)).0, second - 65);
        }
    }
}
