//! Chance: named streams and the laws that are drawn from them.
//!
//! A stream has a name, (seed, replication, owner, purpose), and its n-th draw
//! follows from the name and n alone (invariant 6). So scenarios that share a slot
//! or a Node meet the same faults, a mode that skips draws stays in step with the
//! one that plays them, and nothing has to be carried in the state but a counter.

mod exponential;
mod hazard;
pub mod law;
mod normal;

use rand::Rng;
use rand_pcg::Pcg64Dxsm;

pub use law::Law;
pub use normal::normal_quantile;

/// Whose chance it is. Owners outlive what befalls them: a slot keeps its streams
/// through every Pod that holds it, a Node through every reboot and replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The replication as a whole.
    Replication,
    /// A Deployment: what strikes all its containers at once.
    Deployment,
    /// A slot of a Deployment, and the container that serves of its Pods.
    Slot(u32),
    /// Another container of a slot's Pods, by the hash of its name ([`name_hash`]).
    Container {
        /// The slot.
        slot: u32,
        /// The container.
        name: u64,
    },
    /// A Node, by its zone and its index there.
    Node {
        /// Order of the zone.
        zone: u32,
        /// Order of the Node within its zone.
        index: u32,
    },
    /// A zone.
    Zone(u32),
}

impl Owner {
    fn words(self) -> [u64; 2] {
        match self {
            Self::Replication => [1, 0],
            Self::Deployment => [2, 0],
            Self::Slot(slot) => [3, u64::from(slot)],
            Self::Node { zone, index } => [4, (u64::from(zone) << 32) | u64::from(index)],
            Self::Zone(zone) => [5, u64::from(zone)],
            Self::Container { slot, name } => [6 + (u64::from(slot) << 8), name],
        }
    }
}

/// What a stream is for. A new purpose never disturbs the draws of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Time between occurrences of the fault of this name hash ([`name_hash`]).
    FaultEvery(u64),
    /// How long the fault of this name hash lasts.
    FaultLasts(u64),
    /// The moment at which the scripted fault of this name hash strikes.
    FaultAt(u64),
    /// At which instant of the week the replication begins.
    Week,
    /// Phases and other state at time 0.
    Initial,
    /// The order in which Nodes and zones became known (S5a).
    NodeOrder,
    /// How long the application needs to start.
    StartUp,
    /// How long it needs to exit on SIGTERM.
    Shutdown,
    /// Sandbox, image and container creation.
    ContainerStart,
    /// The race of P11a.
    StartRace,
    /// Syncs, resyncs, back-off timers of the kubelet (C3, C13, C16).
    Sync,
    /// Status writes, EndpointSlice and proxy latencies (E10).
    Propagation,
    /// Creation and binding of replacements.
    Scheduling,
    /// The steps of controllers in rollouts, and which Pods go first.
    Rollout,
    /// Which revisions are bad, how, and when that is noticed.
    Flaw,
    /// How long processes of a bad revision serve before its flaw strikes.
    FlawStrikes,
    /// The same where all processes of the revision serve for as long.
    FlawOfRevision,
    /// How long requests of the Node's drains take.
    Drain,
    /// When it is the Node's turn to be drained.
    DrainTurn,
    /// When it is the Node's turn in an upgrade.
    UpgradeTurn,
    /// How long the machines take that upgrades and withdrawals order for the Node.
    NewMachine,
    /// Whether the Node goes with a burst of the operation of this name hash.
    Burst(u64),
    /// How fast the budget of this name hash learns of its Pods.
    Disruption(u64),
    /// Probes of a healthy container that fail by chance.
    ProbeFailure,
    /// Lease renewals (N1).
    Lease,
    /// Node status updates (N2).
    NodeStatus,
    /// What becomes of the control plane in its outages (N17).
    ControlPlane,
    /// Lost tokens of the taint queue (N7a).
    Taint,
    /// The kubelet's own start.
    KubeletStart,
    /// How loaded the control plane is.
    Load,
    /// Whether the round of the Pod garbage collector in which a quarantine ends sees its end (N15).
    Quarantine,
    /// How long it takes until somebody is paged for the slot, and acts.
    OnCall,
    /// Samples of a fitted law, to judge how well it fits.
    Resample,
    /// What the autoscaler's metrics show, and when it looks.
    Metrics,
    /// When surges of requests come, how long they last and how large they are, by which of these.
    Surges(u64),
    /// What the parameter of this name hash is, where it is not known; of the study, not of a replication.
    Uncertain(u64),
}

impl Purpose {
    fn words(self) -> [u64; 2] {
        match self {
            Self::FaultEvery(name) => [1, name],
            Self::FaultLasts(name) => [2, name],
            Self::FaultAt(name) => [17, name],
            Self::Week => [40, 0],
            Self::Initial => [3, 0],
            Self::NodeOrder => [4, 0],
            Self::StartUp => [5, 0],
            Self::Shutdown => [6, 0],
            Self::ContainerStart => [7, 0],
            Self::StartRace => [8, 0],
            Self::Sync => [9, 0],
            Self::Propagation => [10, 0],
            Self::Scheduling => [11, 0],
            Self::ProbeFailure => [12, 0],
            Self::Lease => [13, 0],
            Self::NodeStatus => [16, 0],
            Self::ControlPlane => [29, 0],
            Self::Taint => [14, 0],
            Self::KubeletStart => [15, 0],
            Self::Load => [19, 0],
            Self::Quarantine => [18, 0],
            Self::OnCall => [22, 0],
            Self::Rollout => [23, 0],
            Self::Flaw => [27, 0],
            Self::FlawStrikes => [28, 0],
            Self::FlawOfRevision => [41, 0],
            Self::Drain => [24, 0],
            Self::Disruption(name) => [25, name],
            Self::DrainTurn => [26, 0],
            Self::UpgradeTurn => [30, 0],
            Self::NewMachine => [31, 0],
            Self::Burst(name) => [34, name],
            Self::Resample => [20, 0],
            Self::Metrics => [43, 0],
            Self::Surges(which) => [44, which],
            Self::Uncertain(name) => [21, name],
        }
    }
}

/// The seed and the replication: together they decide every draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    root: [u64; 2],
}

impl Streams {
    /// All streams of replication `index` under `seed`.
    pub fn new(seed: u64, index: u64) -> Self {
        Self { root: absorb(absorb([0x6861_7369_6d00_0001, 0x9e37_79b9_7f4a_7c15], seed), index) }
    }

    /// Those of one of several Deployments, by the hash of its name ([`name_hash`]).
    #[must_use]
    pub fn of_workload(self, name: u64) -> Self {
        Self { root: absorb(absorb(self.root, 0x776f_726b_6c6f_6164), name) }
    }

    /// The stream of one owner for one purpose.
    pub fn stream(self, owner: Owner, purpose: Purpose) -> Stream {
        let words = owner.words().into_iter().chain(purpose.words());
        Stream { key: words.fold(self.root, absorb) }
    }
}

/// One named stream: the n-th draw is a function of the name and n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    key: [u64; 2],
}

impl Stream {
    /// A generator of its own for the n-th draw, for laws that need more than one uniform.
    pub fn rng(self, ordinal: u64) -> Pcg64Dxsm {
        // State and increment both come from a strong mix of the whole key:
        // neighbouring increments alone give related sequences.
        let [a, b] = self.mixed(ordinal);
        let state = (u128::from(a) << 64) | u128::from(b);
        let increment = (u128::from(mix(a ^ 0xd6e8_feb8_6659_fd93)) << 64) | u128::from(mix(b.wrapping_add(a)));
        Pcg64Dxsm::new(state, increment)
    }

    /// The n-th draw as a number in the open interval (0, 1).
    ///
    /// The mixed key itself: a counter that has gone through two rounds of `mix`, where `SplitMix64` (Steele, Lea and
    /// Flood 2014) passes the batteries of tests with one. A generator around it would only cost time.
    pub fn uniform(self, ordinal: u64) -> f64 {
        unit_of(self.mixed(ordinal)[1])
    }

    /// The n-th draw from `law`, in its own unit.
    pub fn draw(self, ordinal: u64, law: &Law) -> f64 {
        match law {
            Law::Fixed(value) => *value,
            _ => law.variate(self.uniform(ordinal), || self.rng(ordinal)),
        }
    }

    fn mixed(self, ordinal: u64) -> [u64; 2] {
        absorb(self.key, ordinal)
    }
}

/// A number in the open interval (0, 1).
pub fn open_unit(rng: &mut impl Rng) -> f64 {
    unit_of(rng.next_u64())
}

/// The number in the open interval (0, 1) that belongs to 64 random bits: an odd multiple of 2⁻⁵³, so neither end occurs
/// and inverses stay finite.
fn unit_of(bits: u64) -> f64 {
    (((bits >> 12) << 1) | 1) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// A stable hash of a name, so that a fault's draws depend on what it is called and not on its place in a list.
pub fn name_hash(name: &str) -> u64 {
    name.bytes().fold(name.len() as u64, |hash, byte| mix(hash ^ u64::from(byte)))
}

fn absorb([a, b]: [u64; 2], word: u64) -> [u64; 2] {
    let a = mix(a ^ word);
    [a, mix(b.wrapping_add(a).wrapping_add(0x9e37_79b9_7f4a_7c15))]
}

/// A bijection of 64 bits in which every input bit flips each output bit about half the time
/// (the finaliser of `SplitMix64`, Steele, Lea and Flood 2014, with Stafford's constants "mix 13").
fn mix(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_a_function_of_its_name_and_ordinal() {
        let stream = |seed, index, slot| Streams::new(seed, index).stream(Owner::Slot(slot), Purpose::StartUp);
        let draw = stream(1, 2, 3).uniform(4);
        assert_eq!(draw.to_bits(), stream(1, 2, 3).uniform(4).to_bits());
        for other in [
            stream(2, 2, 3).uniform(4),
            stream(1, 3, 3).uniform(4),
            stream(1, 2, 4).uniform(4),
            stream(1, 2, 3).uniform(5),
        ] {
            assert_ne!(draw.to_bits(), other.to_bits());
        }
    }

    /// Validation: neighbouring ordinals, replications and owners are uncorrelated and uniform. Each statistic is
    /// asymptotically standard normal; 3.9 is the two-sided 99.99 % point, for ten tests at once.
    #[test]
    fn neighbouring_streams_are_unrelated() {
        const N: u64 = 200_000;
        let draws: [&dyn Fn(u64) -> f64; 5] = [
            &|i| Streams::new(7, 0).stream(Owner::Slot(0), Purpose::StartUp).uniform(i),
            &|i| Streams::new(7, i).stream(Owner::Slot(0), Purpose::StartUp).uniform(0),
            &|i| Streams::new(i, 0).stream(Owner::Slot(0), Purpose::StartUp).uniform(0),
            &|i| Streams::new(7, 0).stream(Owner::Slot(i as u32), Purpose::StartUp).uniform(0),
            &|i| Streams::new(7, 0).stream(Owner::Slot(0), Purpose::FaultEvery(i)).uniform(0),
        ];
        for draw in draws {
            let xs: Vec<f64> = (0..N).map(draw).collect();
            let n = N as f64;
            let mean_z = (xs.iter().sum::<f64>() / n - 0.5) * (12.0 * n).sqrt();
            let lag: f64 = xs.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5)).sum();
            let lag_z = lag * 12.0 / (n - 1.0).sqrt();
            assert!(mean_z.abs() < 3.9, "mean {mean_z}");
            assert!(lag_z.abs() < 3.9, "lag {lag_z}");
        }
    }

    /// Validation: one bit of a name or an ordinal changes each bit of the draw about half the time (the avalanche of a good
    /// hash), whatever bit it is. Each share is binomial; 5 standard errors are the two-sided point of 3 × 10⁻⁷, for
    /// 2 × 64 × 52 shares at once.
    #[test]
    fn every_bit_of_a_name_changes_every_bit_of_a_draw() {
        const N: u64 = 4_000;
        let bits = |name: u64, ordinal: u64| {
            let uniform = Streams::new(3, 0).stream(Owner::Slot(0), Purpose::FaultEvery(name)).uniform(ordinal);
            (uniform * 2f64.powi(53)) as u64 >> 1
        };
        for bit in 0..64 {
            for of_name in [true, false] {
                let mut changed = [0u32; 52];
                for ordinal in 0..N {
                    let (name, other) = if of_name { (1 << bit, ordinal) } else { (0, ordinal ^ (1 << bit)) };
                    let difference = bits(0, ordinal) ^ bits(name, other);
                    changed.iter_mut().enumerate().for_each(|(at, count)| *count += (difference >> at) as u32 & 1);
                }
                for count in changed {
                    let z = (f64::from(count) - N as f64 / 2.0) / (N as f64 / 4.0).sqrt();
                    assert!(z.abs() < 5.5, "bit {bit}, of the name: {of_name}: {z}");
                }
            }
        }
    }

    /// Validation: draws, and pairs of successive draws, fill boxes of equal size equally. The statistic is chi-square with
    /// 4,095 degrees of freedom, whose two-sided 99.9 % points are 4,095 ± 3.29·√8,190 and some more to the right.
    #[test]
    fn draws_and_their_pairs_are_uniform() {
        const N: u64 = 1 << 20;
        const BOXES: usize = 1 << 12;
        let stream = Streams::new(5, 9).stream(Owner::Zone(1), Purpose::Propagation);
        let single = |i: u64| (stream.uniform(i) * BOXES as f64) as usize;
        let low = |i: u64| (stream.uniform(i) * BOXES as f64 * 2f64.powi(24)) as usize % BOXES;
        let pair = |i: u64| (stream.uniform(2 * i) * 64.0) as usize * 64 + (stream.uniform(2 * i + 1) * 64.0) as usize;
        let place: [&dyn Fn(u64) -> usize; 3] = [&single, &low, &pair];
        for place in place {
            let mut counts = vec![0u32; BOXES];
            (0..N).for_each(|i| counts[place(i)] += 1);
            let mean = N as f64 / BOXES as f64;
            let chi_square: f64 = counts.iter().map(|&count| (f64::from(count) - mean).powi(2) / mean).sum();
            assert!((3_800.0..4_400.0).contains(&chi_square), "{chi_square}");
        }
    }
}
