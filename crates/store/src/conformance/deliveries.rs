//! The delivery log: lists, filters, pages, and one delivery looked at closely.

use std::sync::Arc;

use model::attempt::{Outcome as Ended, Unreachable};
use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, IssueId};
use model::limits::{LOG_PAGE_LOOKS, SHOWN_ATTEMPTS};
use webhook::Kind;

use super::world::{DAY_MS, NOW, World, days, event_id, failure, grouping, later, only, success, unsent};
use super::{Bench, Outcome};
use crate::deliveries::{DeliveryFilter, DeliverySearch, IssueName, SearchedDeliveries, place};
use crate::error::StoreError;
use crate::issues::{Cut, CutFrom, IssuesOf};
use crate::ledger::{AttemptRow, Batch, BatchEvent, NewEvent, NextState, Settlement};

/// More than any of these lists has.
const ALL: usize = 50;

async fn search(
    world: &World,
    hook: HookNumber,
    filter: DeliveryFilter,
    cut: Cut,
) -> Result<SearchedDeliveries, StoreError> {
    world.store.search_deliveries(DeliverySearch { project: world.project.id, hook, filter, cut }).await
}

/// The deliveries for which a filter holds, as one page.
async fn found(world: &World, hook: HookNumber, filter: DeliveryFilter) -> Result<Vec<DeliveryKey>, StoreError> {
    let searched = search(world, hook, filter, Cut { from: CutFrom::Start, limit: ALL }).await?;
    assert_eq!((searched.listed.more, searched.reached), (false, None));
    Ok(searched.listed.items.iter().map(|row| row.key).collect())
}

/// Six deliveries of a hook, the second half received a day later: delivered, failed, cancelled; tried in vain and waiting,
/// waiting, sending. The last two are of one issue. Oldest first.
async fn six(world: &World, hook: HookNumber) -> Result<(Vec<DeliveryKey>, IssueId), StoreError> {
    let mut events = Vec::new();
    for number in 1..=6 {
        let received = if number > 3 { days(NOW, 1) } else { NOW };
        events.push(NewEvent { received, ..world.event(number, &[hook]).await? });
    }
    events[5].grouping = grouping(5);
    let waiting = events.remove(4);
    let with_room = |event: NewEvent| BatchEvent { event: Arc::new(event), room: vec![hook] };
    let mut events: Vec<_> = events.into_iter().map(with_room).collect();
    events.insert(4, BatchEvent { event: Arc::new(waiting), room: Vec::new() });
    let recorded = world.store.record(Arc::new(Batch { events, ..world.batch() })).await?.events;
    let recorded = super::world::all_recorded(recorded);
    let keys: Vec<_> = recorded.iter().map(|recorded| recorded.owed[0].key).collect();
    let settled = |index: usize, attempts: Vec<AttemptRow>, next| Settlement { key: keys[index], attempts, next };
    let again = NextState::Waiting { due: days(NOW, 2) };
    world
        .settle(vec![
            settled(0, vec![success(NOW)], NextState::Delivered),
            settled(1, vec![success(NOW), failure(NOW)], NextState::Failed),
            settled(2, vec![], NextState::Cancelled),
            settled(3, vec![unsent(days(NOW, 1), Unreachable::Dns)], again),
        ])
        .await?;
    Ok((keys, recorded[5].issue))
}

/// Each filter finds what it says, in the order of the list.
pub async fn deliveries_are_found_by_what_is_true_of_them(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let other = world.hook(2).await?.number;
    let (keys, issue) = six(&world, hook).await?;
    world.leased(7, other).await?;
    let filter = DeliveryFilter::default;
    let states = |states: &[DeliveryState]| DeliveryFilter { states: states.to_vec(), ..filter() };
    let outcomes = |outcomes: &[Ended]| DeliveryFilter { outcomes: outcomes.to_vec(), ..filter() };
    let dns = Ended::Unreachable(Unreachable::Dns);
    let cases: Vec<(DeliveryFilter, &[usize])> = vec![
        (filter(), &[5, 4, 3, 2, 1, 0]),
        (states(&[DeliveryState::Delivered]), &[0]),
        (states(&[DeliveryState::Failed]), &[1]),
        (states(&[DeliveryState::Cancelled, DeliveryState::Failed]), &[2, 1]),
        (states(&[DeliveryState::Expired]), &[]),
        (states(&[DeliveryState::Waiting]), &[4, 3]),
        (states(&[DeliveryState::Sending]), &[5]),
        (states(&[DeliveryState::Waiting, DeliveryState::Failed]), &[4, 3, 1]),
        (outcomes(&[Ended::Succeeded]), &[0]),
        (outcomes(&[Ended::HttpError, dns]), &[3, 1]),
        (DeliveryFilter { states: vec![DeliveryState::Waiting], ..outcomes(&[dns]) }, &[3]),
        (outcomes(&[Ended::TimedOut]), &[]),
        (DeliveryFilter { kinds: vec![Kind::EventAlert, Kind::Test], ..filter() }, &[]),
        (DeliveryFilter { kinds: vec![Kind::EventCreated], ..states(&[DeliveryState::Failed]) }, &[1]),
        (DeliveryFilter { event: Some(event_id(3)), ..filter() }, &[2]),
        (DeliveryFilter { event: Some(event_id(7)), ..filter() }, &[]),
        (DeliveryFilter { event: Some(event_id(99)), ..filter() }, &[]),
        (DeliveryFilter { issue: Some(issue), ..filter() }, &[5, 4]),
        (DeliveryFilter { issue: Some(issue), ..states(&[DeliveryState::Sending]) }, &[5]),
        (DeliveryFilter { issue: Some(IssueId::new(999)?), ..filter() }, &[]),
        (DeliveryFilter { since: Some(later(NOW, 1)), ..filter() }, &[5, 4, 3]),
        (DeliveryFilter { since: Some(NOW), until: Some(later(NOW, DAY_MS - 1)), ..filter() }, &[2, 1, 0]),
        (DeliveryFilter { until: Some(later(NOW, -1)), ..filter() }, &[]),
        (DeliveryFilter { until: Some(NOW), ..states(&[DeliveryState::Cancelled]) }, &[2]),
        (DeliveryFilter { since: Some(later(NOW, 1)), ..states(&[DeliveryState::Cancelled]) }, &[]),
    ];
    for (filter, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|index| keys[*index]).collect();
        assert_eq!(found(&world, hook, filter.clone()).await?, expected, "{filter:?}");
    }
    Ok(())
}

/// A delivery in a list has what people call its issue, for as long as there is one.
pub async fn deliveries_name_their_issue_until_it_is_deleted(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let recorded = only(super::world::all_recorded(world.record(vec![world.event(1, &[hook]).await?]).await?));
    let row = async || search(&world, hook, DeliveryFilter::default(), Cut { from: CutFrom::Start, limit: 1 }).await;
    let Some(issue) = world.store.issue(recorded.issue).await? else { panic!("there is one") };
    let named = only(row().await?.listed.items);
    assert_eq!(named.issue_name, Some(IssueName { short_number: issue.short_number, title: issue.title }));
    let gone = IssuesOf { project: issue.project, issues: vec![issue.id] };
    assert_eq!(world.store.delete_issues(gone).await?, 1);
    assert_eq!(only(row().await?.listed.items).issue_name, None);
    Ok(())
}

/// Whatever the filter goes by, its pages lead through the list and back, each delivery on one of them.
pub async fn pages_of_deliveries_lead_forth_and_back(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let (_, issue) = six(&world, hook).await?;
    let unsent = vec![DeliveryState::Failed, DeliveryState::Cancelled];
    for filter in [
        DeliveryFilter::default(),
        DeliveryFilter { states: unsent, ..DeliveryFilter::default() },
        DeliveryFilter { states: vec![DeliveryState::Waiting], ..DeliveryFilter::default() },
        DeliveryFilter { issue: Some(issue), ..DeliveryFilter::default() },
        DeliveryFilter { until: Some(days(NOW, 1)), ..DeliveryFilter::default() },
    ] {
        let whole = found(&world, hook, filter.clone()).await?;
        let mut from = CutFrom::Start;
        for (index, key) in whole.iter().enumerate() {
            let page = search(&world, hook, filter.clone(), Cut { from, limit: 1 }).await?.listed;
            assert_eq!(only(page.items).key, *key, "{filter:?}");
            assert_eq!(page.more, index + 1 < whole.len(), "{filter:?}");
            from = CutFrom::After(place(key));
        }
        let end = search(&world, hook, filter.clone(), Cut { from, limit: 1 }).await?.listed;
        assert!(end.items.is_empty() && !end.more);
        let Some((last, before)) = whole.split_last() else { panic!("there are some") };
        let back = Cut { from: CutFrom::Before(place(last)), limit: ALL };
        let back = search(&world, hook, filter.clone(), back).await?.listed;
        assert_eq!(back.items.iter().map(|row| row.key).collect::<Vec<_>>(), before, "{filter:?}");
        let one_back = Cut { from: CutFrom::Before(place(last)), limit: 1 };
        let one_back = search(&world, hook, filter.clone(), one_back).await?.listed;
        assert_eq!(one_back.items.last().map(|row| row.key), before.last().copied(), "{filter:?}");
        assert_eq!(one_back.more, before.len() > 1, "{filter:?}");
    }
    Ok(())
}

/// A page that has looked at as much as it may says where it goes on, and is not taken for the end.
pub async fn a_page_that_looks_for_too_long_says_where_it_goes_on(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let wanted = NewEvent { grouping: grouping(2), ..world.event(1, &[hook]).await? };
    let wanted = only(super::world::all_recorded(world.record(vec![wanted]).await?));
    let (wanted, issue) = (wanted.owed[0].key, wanted.issue);
    world.settle_one(wanted, failure(NOW), NextState::Failed).await?;
    let template = world.event(2, &[hook]).await?;
    let mut number = 0_u32;
    while usize::try_from(number).unwrap_or(usize::MAX) < LOG_PAGE_LOOKS {
        let events = (0..4_096).map(|_| {
            number += 1;
            let mut id = [7; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            BatchEvent { event: Arc::new(NewEvent { id: protocol::EventId(id), ..template.clone() }), room: Vec::new() }
        });
        let events = events.collect();
        world.store.record(Arc::new(Batch { events, ..world.batch() })).await?;
    }
    let failed = DeliveryFilter { outcomes: vec![Ended::HttpError], ..DeliveryFilter::default() };
    for filter in [failed.clone(), DeliveryFilter { issue: Some(issue), ..failed }] {
        let first = search(&world, hook, filter.clone(), Cut { from: CutFrom::Start, limit: 1 }).await?;
        assert!(first.listed.items.is_empty() && first.listed.more, "it is not the end");
        let Some(reached) = first.reached else { panic!("it says where it goes on") };
        let next = search(&world, hook, filter.clone(), Cut { from: CutFrom::After(reached), limit: 1 }).await?;
        assert_eq!(only(next.listed.items).key, wanted);
        assert_eq!((next.listed.more, next.reached), (false, None));
        let before = Cut { from: CutFrom::Before(place(&wanted)), limit: 1 };
        let newer = search(&world, hook, filter.clone(), before).await?;
        assert!(newer.listed.items.is_empty() && newer.listed.more);
        let Some(reached) = newer.reached else { panic!("it says where it goes on") };
        assert!(reached.id > place(&wanted).id, "{reached:?}");
        let end = search(&world, hook, filter, Cut { from: CutFrom::Before(reached), limit: 1 }).await?;
        assert_eq!((end.listed.items, end.listed.more, end.reached), (vec![], false, None));
    }
    Ok(())
}

/// A closer look shows the body, byte for byte, and the log.
pub async fn a_delivery_is_shown_with_its_body_and_its_log(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let attempts = vec![failure(later(NOW, 5)), success(later(NOW, 6))];
    world.settle(vec![Settlement { key, attempts, next: NextState::Delivered }]).await?;
    let Some(detail) = world.store.delivery(key).await? else { panic!("it is there") };
    let row = &detail.delivery;
    assert_eq!((row.key, row.state, row.event), (key, DeliveryState::Delivered, Some(event_id(1))));
    assert_eq!((row.created, row.due, row.settled, row.sent_again), (NOW, None, Some(NOW), None));
    assert_eq!((row.attempts, row.sent), (2, 2));
    assert_eq!(detail.log.iter().map(|logged| logged.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(row.last.as_ref(), detail.log.last());
    let stored = world.store.event(world.project.id, event_id(1)).await?;
    assert_eq!(stored.map(|event| event.body), detail.body.map(|body| body.bytes));
    assert_eq!(world.store.deliveries_at(vec![key]).await?, [detail.delivery]);
    let nobody = DeliveryKey { seq: key.seq.next()?, ..key };
    assert_eq!(world.store.delivery(nobody).await?, None);
    assert_eq!(world.store.deliveries_at(vec![nobody, key]).await?.len(), 1);
    Ok(())
}

/// Of a long log the newest rows are shown.
pub async fn of_a_long_log_the_newest_attempts_are_shown(bench: &mut dyn Bench) -> Outcome {
    let world = World::new(bench).await?;
    let hook = world.hook(1).await?.number;
    let key = world.leased(1, hook).await?;
    let started = |ms| failure(later(NOW, ms));
    let attempts: Vec<_> = (1..).map(started).take(SHOWN_ATTEMPTS + 2).collect();
    world.settle(vec![Settlement { key, attempts, next: NextState::Failed }]).await?;
    let Some(detail) = world.store.delivery(key).await? else { panic!("it is there") };
    assert_eq!(detail.log.len(), SHOWN_ATTEMPTS);
    assert_eq!(detail.log.first().map(|logged| logged.number), Some(3));
    assert_eq!(detail.log.last().map(|logged| logged.number), Some(detail.delivery.attempts));
    Ok(())
}
