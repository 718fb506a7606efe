//! iGate: tokens that end, pages from zero, and the shapes that differ from one province to the next.

use serde_json::{Value, json};

use super::{
    client::{FORM, JSON, Reply, column, get, now, post},
    kit::{FakeDossier, IGate, IGateFault, Status, local, moment},
};

async fn start(count: usize) -> IGate {
    let server = IGate::start(now()).await;
    server.set_rows(FakeDossier::several(count, "2025-06-17 17:00:00"));
    server
}

fn password_form() -> String {
    let (client, user, password) = (IGate::PUBLIC_CLIENT, IGate::USER, IGate::PASSWORD);
    format!("grant_type=password&client_id={client}&username={user}&password={password}")
}

async fn ask(server: &IGate, form: &str) -> Reply {
    post(&server.token_url(), &[FORM], form).await
}

async fn token(server: &IGate) -> String {
    ask(server, &password_form()).await.good()["access_token"].as_str().expect("a text").to_owned()
}

async fn call(server: &IGate, token: &str, query: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    get(&format!("{}?{query}", server.url()), &[("authorization", &bearer)]).await
}

async fn first_row(server: &IGate) -> Value {
    call(server, &token(server).await, "").await.good()["content"][0].clone()
}

#[tokio::test]
async fn tokens_are_given_for_a_form_and_last_five_minutes() {
    let server = start(1).await;
    let given = ask(&server, &password_form()).await.good();
    assert_eq!((&given["expires_in"], &given["token_type"]), (&json!(300), &json!("Bearer")));
    let access = given["access_token"].as_str().expect("a text");
    assert_eq!(call(&server, access, "").await.status, 200);
    server.set_time(moment("2025-06-18 09:04:59"));
    assert_eq!(call(&server, access, "").await.status, 200);
    server.set_time(moment("2025-06-18 09:05:00"));
    assert_eq!(call(&server, access, "").await.status, 401);
    let next = token(&server).await;
    server.expire_tokens();
    assert_eq!(call(&server, &next, "").await.status, 401, "or when the test says so");
    assert_eq!(get(&server.url(), &[]).await.status, 401);
    assert_eq!(server.tokens_given(), 2);
}

#[tokio::test]
async fn a_login_that_is_not_a_right_form_gets_no_token() {
    let server = start(1).await;
    assert_eq!(ask(&server, &password_form().replace("mat-khau", "sai")).await.status, 401);
    assert_eq!(post(&server.token_url(), &[JSON], &password_form()).await.status, 400);
    assert_eq!(post(&server.token_url(), &[], &password_form()).await.status, 400);
    assert_eq!(ask(&server, "grant_type=password").await.status, 401);
    assert_eq!(server.tokens_given(), 0);
}

#[tokio::test]
async fn an_application_has_its_own_grant_without_refresh() {
    let server = start(1).await;
    let in_body =
        format!("grant_type=client_credentials&client_id={}&client_secret={}", IGate::CLIENT, IGate::CLIENT_SECRET);
    let given = ask(&server, &in_body).await.good();
    assert_eq!(given.get("refresh_token"), None);
    let request =
        super::client::client().post(server.token_url()).basic_auth(IGate::CLIENT, Some(IGate::CLIENT_SECRET));
    let request = request.header(FORM.0, FORM.1).body("grant_type=client_credentials");
    assert_eq!(super::client::send(request).await.status, 200);
    assert_eq!(ask(&server, &in_body.replace("khoa", "sai")).await.status, 401);
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_time() {
    let server = start(1).await;
    let given = ask(&server, &password_form()).await.good();
    let refresh = given["refresh_token"].as_str().expect("a text");
    let form = format!("grant_type=refresh_token&client_id={}&refresh_token={refresh}", IGate::PUBLIC_CLIENT);
    assert_ne!(ask(&server, &form).await.good()["access_token"], given["access_token"]);
    let again = ask(&server, &form).await;
    assert_eq!((again.status, again.json()["error"].clone()), (400, json!("invalid_grant")));
}

#[tokio::test]
async fn pages_count_from_zero_and_slices_tell_no_totals() {
    let server = start(5).await;
    let token = token(&server).await;
    let page = call(&server, &token, "page=0&size=2&spec=page").await.good();
    assert_eq!(column(&page["content"], "/code"), ["HS-001", "HS-002"]);
    let totals = (&page["totalElements"], &page["totalPages"], &page["last"]);
    assert_eq!(totals, (&json!(5), &json!(3), &json!(false)));
    let slice = call(&server, &token, "page=2&size=2&spec=slice").await.good();
    assert_eq!(column(&slice["content"], "/code"), ["HS-005"]);
    assert_eq!((slice.get("totalElements"), &slice["last"]), (None, &json!(true)));
    let beyond = call(&server, &token, "page=3&size=2&spec=slice").await.good();
    assert_eq!((&beyond["content"], &beyond["last"]), (&json!([]), &json!(true)));
}

#[tokio::test]
async fn empty_parameters_are_none_and_dates_are_read_in_two_spellings() {
    let server = start(3).await;
    server.edit("HS-002", |row| row.due = Some(local("2025-07-01 17:00:00")));
    let token = token(&server).await;
    let total = async |query| call(&server, &token, query).await.good()["totalElements"].clone();
    assert_eq!(total("code=&sector-id=&dossier-status=").await, 3);
    assert_eq!(total("dossier-status=2,4").await, 3);
    assert_eq!(total("dossier-status=4").await, 0);
    assert_eq!(total("appointment-to=17%2F06%2F2025").await, 2);
    assert_eq!(total("appointment-from=2025-06-17T10:00:00.001Z").await, 1);
}

#[tokio::test]
async fn one_fact_comes_in_several_shapes() {
    let server = start(1).await;
    let row = first_row(&server).await;
    assert_eq!(row["appointmentDate"], "2025-06-17T17:00:00.000+0700");
    assert_eq!(row.pointer("/procedure/translate/1/languageId"), Some(&json!(228)));
    assert_eq!(row.pointer("/currentTask/0/assignee/fullname"), Some(&json!("Trần Thị Mẫu")));
    assert_eq!(row.get("completedDate"), None);
    for (fault, pointer, value) in [
        (IGateFault::TranslateAsObject, "/procedure/translate/languageId", json!(228)),
        (IGateFault::TranslateNumbered, "/procedure/translate/1/languageId", json!(228)),
        (IGateFault::CurrentTaskAsObject, "/currentTask/assignee/fullname", json!("Trần Thị Mẫu")),
        (IGateFault::NoCurrentTask, "/currentTask", json!([])),
        (IGateFault::DatesInUtc, "/appointmentDate", json!("2025-06-17T10:00:00.000+0000")),
        (IGateFault::DatesWithZ, "/appointmentDate", json!("2025-06-17T10:00:00.000Z")),
        (IGateFault::DatesWithColon, "/appointmentDate", json!("2025-06-17T17:00:00.000+07:00")),
        (IGateFault::UnknownStatus(16), "/dossierStatus/id", json!(16)),
    ] {
        server.fail(fault);
        assert_eq!(first_row(&server).await.pointer(pointer), Some(&value), "{fault:?}");
        server.recover();
    }
}

#[tokio::test]
async fn a_pause_shows_in_the_status_and_no_due_date_in_a_flag() {
    let server = start(1).await;
    server.edit("HS-001", |row| (row.paused, row.due) = (true, None));
    let row = first_row(&server).await;
    assert_eq!(
        (&row["dossierStatus"]["id"], &row["dossierStatus"]["name"]),
        (&json!(1), &json!("Yêu cầu bổ sung giấy tờ"))
    );
    assert_eq!((&row["appointmentDate"], &row["undefindedCompleteTime"]), (&Value::Null, &json!(1)));
    server.edit("HS-001", |row| (row.status, row.returned) = (Status::Returned, Some(local("2025-06-18 08:00:00"))));
    assert_eq!(first_row(&server).await["returnedDate"], "2025-06-18T08:00:00.000+0700");
}

#[tokio::test]
async fn the_gateway_answers_in_html() {
    let server = start(1).await;
    let token = token(&server).await;
    for (fault, status) in [(IGateFault::GatewayHtml, 502), (IGateFault::HtmlLogin, 200)] {
        server.fail_next(1, fault);
        let reply = call(&server, &token, "").await;
        assert_eq!((reply.status, reply.text().starts_with("<!DOCTYPE html>")), (status, true), "{fault:?}");
    }
    assert_eq!(call(&server, &token, "").await.status, 200);
}
