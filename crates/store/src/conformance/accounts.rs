//! Tokens, users, members and sessions.

use model::ids::{Millis, OrganizationId, UserId};
use model::role::Role;
use model::scope::{Scope, Scopes};

use super::world::{NOW, later, only};
use super::{Bench, Outcome};
use crate::Store;
use crate::accounts::{Membership, NewPassword, NewSession, User};
use crate::catalog::NewToken;
use crate::error::StoreError;

fn new_token(number: u8) -> NewToken {
    NewToken {
        hash: [number; 32],
        name: format!("token {number}"),
        scopes: Scopes::NONE.with(Scope::ProjectRead).with(Scope::EventAdmin),
        last_characters: "abcd".to_owned(),
        user: None,
        now: NOW,
    }
}

fn new_password(hash: &str) -> NewPassword {
    NewPassword { hash: hash.to_owned(), is_temporary: false, kept_session: None }
}

async fn new_user(store: &dyn Store, email: &str) -> Result<User, StoreError> {
    store.create_user(email.to_owned(), "hash".to_owned(), NOW).await
}

async fn new_organization(store: &dyn Store, slug: &str) -> Result<OrganizationId, StoreError> {
    Ok(store.create_organization(slug.to_owned(), slug.to_owned(), NOW).await?.id)
}

fn new_session(number: u8, user: UserId, expires: Millis) -> NewSession {
    NewSession { hash: [number; 32], user, now: NOW, expires }
}

/// A token is found by its hash alone, until it is revoked.
pub async fn a_token_is_found_by_its_hash_until_it_is_revoked(bench: &mut dyn Bench) -> Outcome {
    let store = bench.store();
    let user = store.create_user("a@example.org".to_owned(), "hash".to_owned(), NOW).await?;
    let first = store.create_token(new_token(1)).await?;
    let owned = NewToken { user: Some(user.id), scopes: Scopes::EVERY, ..new_token(2) };
    let second = store.create_token(owned).await?;
    assert_eq!((first.name.as_str(), first.last_characters.as_str(), first.user), ("token 1", "abcd", None));
    assert_eq!((first.scopes, first.created), (new_token(1).scopes, NOW));
    assert_eq!((second.scopes, second.user), (Scopes::EVERY, Some(user.id)));
    assert_eq!(store.tokens().await?, [second.clone(), first.clone()], "newest first");
    assert_eq!(store.token_by_hash([2; 32]).await?, Some(second));
    assert_eq!(store.token_by_hash([3; 32]).await?, None);
    assert!(matches!(store.create_token(new_token(1)).await, Err(StoreError::Taken { what: "token" })));
    let nobody = NewToken { user: Some(UserId::new(999)?), ..new_token(4) };
    assert!(matches!(store.create_token(nobody).await, Err(StoreError::Missing { what: "user" })));
    store.revoke_token(first.id).await?;
    assert_eq!(store.token_by_hash([1; 32]).await?, None);
    assert!(matches!(store.revoke_token(first.id).await, Err(StoreError::Missing { what: "token" })));
    Ok(())
}

/// An address has one account, however it is written.
pub async fn an_address_has_one_account(bench: &mut dyn Bench) -> Outcome {
    let store = bench.store();
    let user = store.create_user("a@example.org".to_owned(), "first hash".to_owned(), later(NOW, 1)).await?;
    assert_eq!(
        (user.email.as_str(), user.password_hash.as_str(), user.created),
        ("a@example.org", "first hash", later(NOW, 1))
    );
    let again = store.create_user("A@Example.org".to_owned(), "other".to_owned(), NOW).await;
    assert!(matches!(again, Err(StoreError::Taken { what: "email" })));
    store.set_password(user.id, new_password("second hash")).await?;
    let changed = only(store.users().await?);
    assert_eq!((changed.id, changed.password_hash.as_str()), (user.id, "second hash"));
    let nobody = store.set_password(UserId::new(999)?, new_password("")).await;
    assert!(matches!(nobody, Err(StoreError::Missing { what: "user" })));
    let second = store.create_user("b@example.org".to_owned(), String::new(), NOW).await?;
    assert_eq!(store.users().await?, [second, changed], "newest first");
    Ok(())
}

/// Each organization has members of its own, and each of them one role.
pub async fn a_user_has_one_role_in_each_organization_that_they_belong_to(bench: &mut dyn Bench) -> Outcome {
    let store = bench.store();
    let [first, second] =
        [new_organization(store.as_ref(), "first").await?, new_organization(store.as_ref(), "second").await?];
    let [ada, bob] =
        [new_user(store.as_ref(), "ada@example.org").await?, new_user(store.as_ref(), "bob@example.org").await?];
    assert_eq!(store.memberships(ada.id).await?, [], "a new user belongs to nothing");
    let of = |organization, user: &User| Membership { organization, user: user.id };
    store.set_role(of(first, &ada), Role::Admin, NOW).await?;
    store.set_role(of(second, &ada), Role::ReadOnly, NOW).await?;
    store.set_role(of(first, &bob), Role::ReadOnly, later(NOW, 1)).await?;
    store.set_role(of(first, &bob), Role::Member, later(NOW, 2)).await?;
    let members = store.members(first).await?;
    let shown: Vec<_> = members.iter().map(|member| (&member.user, member.role, member.created)).collect();
    assert_eq!(shown, [(&bob, Role::Member, later(NOW, 1)), (&ada, Role::Admin, NOW)], "newest user first");
    assert_eq!(store.memberships(ada.id).await?, [(second, Role::ReadOnly), (first, Role::Admin)]);
    store.remove_member(of(second, &ada)).await?;
    assert_eq!(store.memberships(ada.id).await?, [(first, Role::Admin)]);
    assert!(matches!(store.remove_member(of(second, &ada)).await, Err(StoreError::Missing { what: "member" })));
    let nobody = Membership { organization: first, user: UserId::new(999)? };
    assert!(matches!(store.set_role(nobody, Role::Member, NOW).await, Err(StoreError::Missing { what: "user" })));
    assert_eq!(store.user_by_email("ADA@example.org".to_owned()).await?, Some(ada));
    assert_eq!(store.user_by_email("nobody@example.org".to_owned()).await?, None);
    Ok(())
}

/// An organization without an admin could not be managed any more.
pub async fn an_organization_keeps_at_least_one_admin(bench: &mut dyn Bench) -> Outcome {
    let store = bench.store();
    let organization = new_organization(store.as_ref(), "first").await?;
    let [ada, bob] =
        [new_user(store.as_ref(), "ada@example.org").await?, new_user(store.as_ref(), "bob@example.org").await?];
    let [ada, bob] = [ada, bob].map(|user| Membership { organization, user: user.id });
    store.set_role(ada, Role::Admin, NOW).await?;
    store.set_role(bob, Role::Member, NOW).await?;
    assert!(matches!(store.set_role(ada, Role::Member, NOW).await, Err(StoreError::LastAdmin)));
    assert!(matches!(store.remove_member(ada).await, Err(StoreError::LastAdmin)));
    store.set_role(ada, Role::Admin, NOW).await?;
    store.set_role(bob, Role::Admin, NOW).await?;
    store.set_role(ada, Role::ReadOnly, NOW).await?;
    assert!(matches!(store.remove_member(bob).await, Err(StoreError::LastAdmin)));
    store.remove_member(ada).await?;
    Ok(())
}

/// A session is found by its hash until it ends, by time, by hand, or because the password was changed elsewhere.
pub async fn a_session_is_found_by_its_hash_until_it_ends(bench: &mut dyn Bench) -> Outcome {
    let store = bench.store();
    let organization = new_organization(store.as_ref(), "first").await?;
    let user = new_user(store.as_ref(), "ada@example.org").await?;
    store.set_role(Membership { organization, user: user.id }, Role::Admin, NOW).await?;
    for number in 1..=4 {
        store.create_session(new_session(number, user.id, later(NOW, 60_000))).await?;
    }
    let found = store.session([1; 32], NOW).await?.expect("it has not ended");
    assert_eq!((&found.user, found.expires), (&user, later(NOW, 60_000)));
    assert_eq!(found.memberships, [(organization, Role::Admin)]);
    assert_eq!(store.session([9; 32], NOW).await?, None);
    assert_eq!(store.session([1; 32], later(NOW, 60_000)).await?, None, "by time");
    store.end_session([1; 32]).await?;
    store.end_session([1; 32]).await?;
    assert_eq!(store.session([1; 32], NOW).await?, None, "by hand");
    let temporary = NewPassword { hash: "other".to_owned(), is_temporary: true, kept_session: Some([3; 32]) };
    store.set_password(user.id, temporary).await?;
    assert_eq!(store.session([2; 32], NOW).await?, None, "by another password");
    let kept = store.session([3; 32], NOW).await?.expect("the session in which the password was changed goes on");
    assert!(kept.user.password_is_temporary && kept.user.password_hash == "other");
    store.set_password(user.id, new_password("third")).await?;
    assert_eq!(store.session([3; 32], NOW).await?, None);
    assert!(!only(store.users().await?).password_is_temporary);
    // What has ended goes when somebody signs in.
    let next = NewSession { now: later(NOW, 60_000), ..new_session(5, user.id, later(NOW, 90_000)) };
    store.create_session(next).await?;
    assert!(store.session([5; 32], NOW).await?.is_some());
    let nobody = store.create_session(new_session(6, UserId::new(999)?, later(NOW, 1))).await;
    assert!(matches!(nobody, Err(StoreError::Missing { what: "user" })));
    Ok(())
}
