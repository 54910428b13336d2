//! The proof can fail: with a rule of the simulator broken on purpose it names the rows that suffer.

use super::record::Record;
use super::{scenarios, sets};
use crate::cluster::{Mode, Mutation, Watched};
use crate::model::Model;
use crate::time::{Duration, SimTime};
use crate::verify::row::{Verdict, Verification};

/// What lies outside in these scenarios with a rule broken, as `check: column`.
fn outside(names: &[&str], mutation: Option<Mutation>) -> Vec<String> {
    let sampler = |model: &Model, seed, index, mut record: Record, until| {
        let mut replication = Watched::new(model, seed, index, Mode::EveryProbe, &mut record);
        if let Some(mutation) = mutation {
            replication = replication.mutated(mutation);
        }
        replication.run_until(SimTime::ZERO + Duration::from_secs_f64(until));
        replication.end();
        record
    };
    let all = scenarios::all();
    let chosen = all.iter().enumerate().filter(|(_, scenario)| names.contains(&scenario.name));
    let rows = chosen.flat_map(|(i, scenario)| sets::rows(scenario, super::SEED + i as u64, &sampler, sets::SETS[0]));
    let proof = Verification::of(rows.collect());
    let outside = proof.rows.into_iter().filter(|row| row.verdict == Verdict::Outside);
    outside.map(|row| format!("{}: {}", row.check, row.what)).collect()
}

#[test]
fn a_random_phase_of_the_first_readiness_probe_is_noticed() {
    let names = ["new Pods, d20p5, delayed"];
    assert_eq!(outside(&names, None), Vec::<String>::new());
    let outside = outside(&names, Some(Mutation::RandomReadinessPhase));
    let expected = ["ctr_start_to_first_readiness_probe", "ctr_start_to_ready_api", "created_to_ready_api"];
    let expected: Vec<String> = expected.iter().map(|column| format!("{}: {column}", names[0])).collect();
    assert_eq!(outside, expected);
}

#[test]
fn a_back_off_from_the_killed_instance_itself_is_noticed() {
    let names = ["probe-kill loop of a hang"];
    assert_eq!(outside(&names, None), Vec::<String>::new());
    let outside = outside(&names, Some(Mutation::BackOffFromOwnExit));
    assert!(!outside.is_empty());
    assert!(outside.iter().any(|row| row.contains("exit_to_next_start (restart_number 2)")), "{outside:?}");
    assert!(outside.iter().all(|row| row.starts_with(names[0])));
}
