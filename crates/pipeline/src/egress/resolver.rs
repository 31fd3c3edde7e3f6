//! Asking for the addresses of a name.
//!
//! Responsible for the question, and for asking it seldom: answers are kept for their time to live, one lookup serves
//! all who wait for the same name, and only so many run at once. Refuses to judge addresses: every answer goes to the
//! connector, which judges them all each time. Called by the connector.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use model::limits::{DNS_ANSWER_LEAST_SECONDS, DNS_ANSWER_MOST_SECONDS, DNS_FAILURE_SECONDS, DNS_LOOKUPS, DNS_NAMES};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Who knows the addresses of a name.
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of the name, of both families. The name is absolute though it has no final dot: no search list may
    /// be tried.
    fn resolve(&self, name: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>>;
}

/// The addresses of a name, in the order in which they should be tried.
#[derive(Debug, Clone)]
pub struct Answers {
    /// At least one, else the resolver answers [`ResolveError::NoSuchName`].
    pub addresses: Arc<[IpAddr]>,
    /// For how long they hold; what is kept is clamped to 5 s .. 5 min.
    pub time_to_live: Duration,
}

/// Why a name has no addresses for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The DNS says that there are none.
    #[error("the host name has no address")]
    NoSuchName,
    /// The DNS could not be asked, or answered with an error.
    #[error("the host name could not be resolved")]
    Failed,
}

/// So that a name without time to live is not asked for each delivery.
const ANSWER_KEPT_MIN: Duration = Duration::from_secs(DNS_ANSWER_LEAST_SECONDS);
/// So that a receiver that moves is found again.
const ANSWER_KEPT_MAX: Duration = Duration::from_secs(DNS_ANSWER_MOST_SECONDS);
/// Short, because a person may be waiting for the DNS to learn of a new name.
const FAILURE_KEPT: Duration = Duration::from_secs(DNS_FAILURE_SECONDS);

/// A resolver's answers, kept and shared.
pub(super) struct Names {
    shared: Arc<Kept>,
}

struct Kept {
    resolver: Arc<dyn Resolver>,
    entries: Mutex<HashMap<Arc<str>, Entry>>,
    running: Semaphore,
}

enum Entry {
    Known {
        result: Addresses,
        until: Instant,
    },
    /// Weak, so that a lookup for which nobody waits any more is dropped and not found half done by the next.
    Asked(WeakShared<Lookup>),
}

type Addresses = Result<Arc<[IpAddr]>, ResolveError>;
type Lookup = BoxFuture<'static, Addresses>;

impl Names {
    pub(super) fn new(resolver: Arc<dyn Resolver>) -> Self {
        let running = Semaphore::new(DNS_LOOKUPS);
        Names { shared: Arc::new(Kept { resolver, entries: Mutex::default(), running }) }
    }

    /// The addresses of a name. Bounded by the caller's deadline: dropping the future gives up.
    pub(super) async fn addresses(&self, name: &Arc<str>) -> Addresses {
        let lookup = {
            let mut entries = self.shared.entries();
            match entries.get(name) {
                Some(Entry::Known { result, until }) if Instant::now() < *until => return result.clone(),
                Some(Entry::Asked(lookup)) => lookup.upgrade(),
                _ => None,
            }
            .unwrap_or_else(|| self.shared.ask(&mut entries, name))
        };
        lookup.await
    }
}

impl Kept {
    fn ask(self: &Arc<Self>, entries: &mut HashMap<Arc<str>, Entry>, name: &Arc<str>) -> Shared<Lookup> {
        let (kept, asked) = (Arc::clone(self), Arc::clone(name));
        let lookup = async move { kept.look_up(asked).await }.boxed().shared();
        if let Some(weak) = lookup.downgrade() {
            make_room(entries);
            entries.insert(Arc::clone(name), Entry::Asked(weak));
        }
        lookup
    }

    async fn look_up(&self, name: Arc<str>) -> Addresses {
        // The semaphore is never closed; were it, asking without its bound would still be right.
        let _running = self.running.acquire().await.ok();
        let answer = self.resolver.resolve(Arc::clone(&name)).await;
        let kept_for = match &answer {
            Ok(answers) => answers.time_to_live.clamp(ANSWER_KEPT_MIN, ANSWER_KEPT_MAX),
            Err(_) => FAILURE_KEPT,
        };
        let result = answer.and_then(|answers| {
            if answers.addresses.is_empty() { Err(ResolveError::NoSuchName) } else { Ok(answers.addresses) }
        });
        let known = Entry::Known { result: result.clone(), until: Instant::now() + kept_for };
        self.entries().insert(name, known);
        result
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(entries: &mut HashMap<Arc<str>, Entry>) {
    if entries.len() < DNS_NAMES {
        return;
    }
    let now = Instant::now();
    entries.retain(|_, entry| match entry {
        Entry::Known { until, .. } => now < *until,
        Entry::Asked(lookup) => lookup.upgrade().is_some(),
    });
    if entries.len() >= DNS_NAMES
        && let Some(any) = entries.keys().next().cloned()
    {
        entries.remove(&any);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// Answers each question with the same address once it may, and counts the questions.
    struct Counting {
        asked: AtomicUsize,
        gate: Option<Arc<Notify>>,
        answer: Result<Duration, ResolveError>,
    }

    impl Counting {
        fn new(answer: Result<Duration, ResolveError>, gate: Option<Arc<Notify>>) -> Arc<Self> {
            Arc::new(Counting { asked: AtomicUsize::new(0), gate, answer })
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    impl Resolver for Counting {
        fn resolve(&self, _name: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let (gate, answer) = (self.gate.clone(), self.answer);
            async move {
                if let Some(gate) = gate {
                    gate.notified().await;
                }
                answer.map(|time_to_live| Answers { addresses: Arc::new([[1, 1, 1, 1].into()]), time_to_live })
            }
            .boxed()
        }
    }

    fn name(text: &str) -> Arc<str> {
        Arc::from(text)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_its_time_to_live_between_five_seconds_and_five_minutes() {
        for (given, kept) in [(0, 5), (60, 60), (86_400, 300)] {
            let resolver = Counting::new(Ok(Duration::from_secs(given)), None);
            let names = Names::new(resolver.clone());
            names.addresses(&name("a.example")).await.unwrap();
            tokio::time::advance(Duration::from_millis(kept * 1000 - 1)).await;
            names.addresses(&name("a.example")).await.unwrap();
            assert_eq!(resolver.asked(), 1, "given {given}");
            tokio::time::advance(Duration::from_millis(1)).await;
            names.addresses(&name("a.example")).await.unwrap();
            assert_eq!(resolver.asked(), 2, "given {given}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_kept_for_five_seconds() {
        let resolver = Counting::new(Err(ResolveError::Failed), None);
        let names = Names::new(resolver.clone());
        for _ in 0..3 {
            assert_eq!(names.addresses(&name("a.example")).await, Err(ResolveError::Failed));
        }
        assert_eq!(resolver.asked(), 1);
        tokio::time::advance(FAILURE_KEPT).await;
        assert!(names.addresses(&name("a.example")).await.is_err());
        assert_eq!(resolver.asked(), 2);
    }

    #[tokio::test]
    async fn all_who_wait_for_a_name_share_one_question() {
        let gate = Arc::new(Notify::new());
        let resolver = Counting::new(Ok(Duration::ZERO), Some(gate.clone()));
        let names = Names::new(resolver.clone());
        let asked_name = name("a.example");
        let all = futures_util::future::join_all((0..10).map(|_| names.addresses(&asked_name)));
        let (results, ()) = tokio::join!(all, async { gate.notify_one() });
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(resolver.asked(), 1);
    }

    #[tokio::test]
    async fn a_question_that_everybody_gave_up_is_asked_anew() {
        let gate = Arc::new(Notify::new());
        let resolver = Counting::new(Ok(Duration::ZERO), Some(gate.clone()));
        let names = Names::new(resolver.clone());
        let asked_name = name("a.example");
        assert!(names.addresses(&asked_name).now_or_never().is_none());
        gate.notify_one();
        assert!(names.addresses(&asked_name).await.is_ok());
        assert_eq!(resolver.asked(), 2);
    }

    #[tokio::test]
    async fn only_so_many_questions_run_at_once() {
        let gate = Arc::new(Notify::new());
        let resolver = Counting::new(Ok(Duration::ZERO), Some(gate.clone()));
        let names = Names::new(resolver.clone());
        let wanted: Vec<Arc<str>> = (0..DNS_LOOKUPS + 9).map(|index| name(&format!("{index}.example"))).collect();
        let all = futures_util::future::join_all(wanted.iter().map(|name| names.addresses(name)));
        // Tokio would let only 128 of them go on at each look.
        let mut all = Box::pin(tokio::task::unconstrained(all));
        assert!((&mut all).now_or_never().is_none());
        assert_eq!(resolver.asked(), DNS_LOOKUPS);
        for _ in 0..wanted.len() {
            gate.notify_one();
            let _ = (&mut all).now_or_never();
        }
        assert_eq!(resolver.asked(), wanted.len());
    }

    #[tokio::test]
    async fn the_number_of_kept_names_is_bounded() {
        let resolver = Counting::new(Ok(Duration::from_secs(300)), None);
        let names = Names::new(resolver.clone());
        for index in 0..DNS_NAMES + 10 {
            names.addresses(&name(&format!("{index}.example"))).await.unwrap();
        }
        assert_eq!(names.shared.entries().len(), DNS_NAMES);
    }
}
