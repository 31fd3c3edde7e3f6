//! Projects on pages.

use model::role::Role;

use crate::harness::Api;
use crate::person::Person;

const SETTINGS: &str = "/settings/my-org/projects/my-project/";

#[tokio::test]
async fn a_project_is_made_renamed_and_deleted() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    assert!(person.see("/organizations/my-org/projects/").await.contains("my-project"));
    let made =
        person.submit("/organizations/my-org/projects/new/", &[("name", "Shop & Co"), ("platform", "python")]).await;
    assert_eq!((made.status, made.to()), (303, "/settings/my-org/projects/shop-co/getting-started/"), "{}", made.html);
    let set_up = person.see(made.to()).await;
    assert!(set_up.contains("Shop &#38; Co") && set_up.contains("watch.example"), "{set_up}");
    let general = "/settings/my-org/projects/shop-co/general/";
    let refused = person.submit(general, &[("name", ""), ("slug", "shop-co"), ("allowedDomains", "*")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains("This field may not be blank."), "{}", refused.html);
    let fields = [("name", "Shop"), ("slug", "shop"), ("platform", "python"), ("allowedDomains", "*")];
    assert_eq!(person.submit(general, &fields).await.to(), "/settings/my-org/projects/shop/general/");
    let moved = person.get("/settings/my-org/projects/shop-co/general/?a=b").await;
    assert_eq!((moved.status, moved.to()), (307, "/settings/my-org/projects/shop/general/?a=b"));
    let delete = "/settings/my-org/projects/shop/general/delete/";
    assert!(person.submit(delete, &[("confirm", "shops")]).await.html.contains("so nothing was deleted"));
    assert_eq!(person.submit(delete, &[("confirm", "shop")]).await.to(), "/organizations/my-org/projects/");
    assert!(!person.see("/organizations/my-org/projects/").await.contains("projects/shop/"));
}

#[tokio::test]
async fn who_may_not_change_a_project_sees_no_form_for_it_and_is_refused() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let general = person.see(&format!("{SETTINGS}general/")).await;
    assert!(!general.contains("Save changes") && !general.contains("Delete project"));
    let refused = person.submit(&format!("{SETTINGS}general/"), &[("name", "Mine"), ("slug", "mine")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.html.contains("Your role does not allow this"));
    assert_eq!(person.submit(&format!("{SETTINGS}general/delete/"), &[("confirm", "my-project")]).await.status, 403);
    assert_eq!(person.submit(&format!("{SETTINGS}getting-started/test-event/"), &[]).await.status, 403);
    let member = Person::signed_in(&api, Role::Member).await;
    assert_eq!(member.submit(&format!("{SETTINGS}general/delete/"), &[("confirm", "my-project")]).await.status, 403);
}
