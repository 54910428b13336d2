//! What a request or a probe meets at a container, by who asks.

use super::Cluster;
use super::faults::affects;
use super::observer::Observer;
use super::state::{Container, Strike};
use crate::history::Reply;
use crate::ids::{ContainerRef, PodId};
use crate::model::{Affects, ContainerMode, Millionths, OnSigterm, ProbeKind, WhileStarting};
use crate::time::{Duration, SimTime};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// A client.
    Requests,
    /// The kubelet.
    Probe(ProbeKind),
}

impl Audience {
    const ALL: [Self; 4] = [
        Self::Requests,
        Self::Probe(ProbeKind::Liveness),
        Self::Probe(ProbeKind::Readiness),
        Self::Probe(ProbeKind::Startup),
    ];

    /// Its place in a Pod's answers.
    const fn index(self) -> usize {
        match self {
            Self::Requests => 0,
            Self::Probe(kind) => 1 + kind as usize,
        }
    }

    pub(super) fn sees(self, affects: Affects) -> bool {
        match self {
            Self::Requests => affects.requests,
            Self::Probe(kind) => affects.is_seen_by(kind),
        }
    }
}

/// What a request sent now meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A good answer at once.
    Good,
    /// A refusal or an error at once.
    Bad(Reply),
    /// An error at once, for this share of those who ask, and otherwise a good answer.
    BadInPart(Millionths),
    /// A good answer at this instant, if nothing happens before.
    Later(SimTime),
    /// None.
    Never,
}

impl Answer {
    /// What a probe that meets this brings back, if it is sent before that instant.
    pub(super) fn reply(self, timeout: Duration) -> (Reply, SimTime) {
        match self {
            Self::Good | Self::BadInPart(_) => (Reply::Ok, SimTime::NEVER),
            Self::Bad(reply) => (reply, SimTime::NEVER),
            Self::Never => (Reply::Timeout, SimTime::NEVER),
            Self::Later(at) => (Reply::Timeout, at.earlier_by(timeout)),
        }
    }
}

impl Container {
    /// What a probe of this kind meets.
    pub(super) fn answer_to(&self, kind: ProbeKind) -> Answer {
        self.answers[Audience::Probe(kind).index()]
    }
}

impl<O: Observer> Cluster<'_, O> {
    /// What the container's process answers, reachable or not.
    pub(super) fn answer(&self, at: ContainerRef, audience: Audience) -> Answer {
        let answers = &self.container(at).answers;
        if self.is_checked {
            assert_eq!(*answers, self.answers(at), "answers are refreshed when they change");
        }
        answers[audience.index()]
    }

    /// Takes over what has changed of the containers and their faults. To be called before anybody asks.
    pub(super) fn refresh_answers(&mut self, pod: PodId) {
        for at in self.containers(pod) {
            self.container_mut(at).answers = self.answers(at);
        }
    }

    /// What each audience is answered.
    fn answers(&self, at: ContainerRef) -> [Answer; 4] {
        let container = self.container(at);
        let app = &self.container_spec(at).app;
        if !container.has_process() || container.sigterm && matches!(app.on_sigterm, OnSigterm::Exits(_)) {
            return [Answer::Bad(Reply::Refused); 4];
        }
        if !container.serving {
            return [match app.while_starting {
                WhileStarting::Refuses => Answer::Bad(Reply::Refused),
                WhileStarting::Accepts => Answer::Later(container.serves_at),
            }; 4];
        }
        let mut answers = [Answer::Good; 4];
        for strike in &container.strikes {
            self.strike_answers(*strike, &mut answers);
        }
        for strike in self.shared_strikes(at) {
            self.strike_answers(*strike, &mut answers);
        }
        answers
    }

    /// Who hangs gets no answer, whatever else is at work.
    fn strike_answers(&self, strike: Strike, answers: &mut [Answer; 4]) {
        let Some(mode) = self.container_mode(strike.fault) else { return };
        let affects = affects(mode);
        let effect = match mode {
            ContainerMode::Hang(_) | ContainerMode::Sandbox => Answer::Never,
            ContainerMode::Error(_) | ContainerMode::Crash => Answer::Bad(Reply::Error),
            ContainerMode::ErrorInPart(share) => Answer::BadInPart(share),
        };
        for audience in Audience::ALL {
            let answer = &mut answers[audience.index()];
            // Whoever fails all comes before what fails a part, and that adds to nothing else.
            let adds = match effect {
                Answer::BadInPart(_) => *answer == Answer::Good,
                _ => *answer != Answer::Never,
            };
            if audience.sees(affects) && adds {
                *answer = effect;
            }
        }
    }
}
