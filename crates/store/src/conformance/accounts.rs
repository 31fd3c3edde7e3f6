//! Tokens and users.

use model::scope::{Scope, Scopes};

use super::world::{NOW, later, only};
use super::{Bench, Outcome};
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
    let nobody = NewToken { user: Some(model::ids::UserId::new(999)?), ..new_token(4) };
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
    store.set_password(user.id, "second hash".to_owned()).await?;
    let changed = only(store.users().await?);
    assert_eq!((changed.id, changed.password_hash.as_str()), (user.id, "second hash"));
    let nobody = store.set_password(model::ids::UserId::new(999)?, String::new()).await;
    assert!(matches!(nobody, Err(StoreError::Missing { what: "user" })));
    let second = store.create_user("b@example.org".to_owned(), String::new(), NOW).await?;
    assert_eq!(store.users().await?, [second, changed], "newest first");
    Ok(())
}
