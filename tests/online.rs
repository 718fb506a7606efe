//! `nhacviec check --online`: every server that the configuration names is asked, nothing is sent, nothing is stored.

mod support;

use std::process::{Command, Output};

use nhacviec::{
    clock::{Clock as _, SystemClock},
    demo::{mail_server::MailServer, zalo::FakeZalo},
};
use support::{
    OfficeFolder,
    one_stop::{Answer, FakeOneStop, dossier, http},
};

const TASK: &str = "  - { id: I.1, content: Báo cáo, lead: [phong-a], deadline: \"Tháng 3,6/2023\" }\n";

fn check(folder: &OfficeFolder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(["check", "--online"]).args(arguments);
    command.arg("--config").arg(folder.config()).arg("--state").arg(folder.state()).output().expect("runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

async fn mail_server(folder: &OfficeFolder) -> MailServer {
    MailServer::start(folder.root.path().join("mail")).await.expect("a free port")
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_answer_are_named_and_nothing_is_sent_or_stored() {
    let folder = OfficeFolder::new(0, TASK);
    let mail = mail_server(&folder).await;
    folder.replace("nhacviec.yaml", "port: 0", &format!("port: {}", mail.port()));
    let rows = ["A1", "A2"].map(|code| dossier(code, "2023-05-09"));
    let one_stop = FakeOneStop::start(Answer::Dossiers(rows.to_vec()));
    folder.add_source(&one_stop.url());
    let zalo = FakeZalo::start(SystemClock.now()).await.expect("a free port");
    folder.write("secrets/bot", FakeZalo::BOT_TOKEN);
    folder.append("nhacviec.yaml", &format!("zalo_bot: {{ token_file: bot, base_url: \"{}\" }}\n", zalo.url()));
    let output = check(&folder, &[]);
    let said = out(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for line in [
        format!("Máy chủ thư 127.0.0.1:{}: kết nối được", mail.port()),
        "Hệ thống một cửa «mc»: tốt, đọc được 2 hồ sơ ở trang đầu".to_owned(),
        "Zalo Bot: tốt".to_owned(),
    ] {
        assert!(said.contains(&line), "{line} is not in\n{said}");
    }
    assert_eq!(mail.count(), 0, "nothing is sent");
    assert!(!folder.state().exists(), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_refuse_are_named_with_why_and_the_exit_code_tells() {
    let folder = OfficeFolder::new(9, TASK);
    let one_stop = FakeOneStop::start(Answer::Raw(http("401 Unauthorized", "application/json", "{}")));
    folder.add_source(&one_stop.url());
    let output = check(&folder, &[]);
    let said = out(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(
            "Máy chủ thư 127.0.0.1:9: KHÔNG dùng được: không kết nối được máy chủ thư: máy chủ không nhận kết nối"
        ),
        "{said}"
    );
    assert!(said.contains("Hệ thống một cửa «mc»: KHÔNG dùng được:"), "{said}");
    assert!(said.contains("Cấu hình dùng được"), "the files themselves are right: {said}");
    let json: serde_json::Value = serde_json::from_str(&out(&check(&folder, &["--json"]))).expect("JSON");
    let works: Vec<_> = json["online"].as_array().expect("a list").iter().map(|a| a["works"].clone()).collect();
    assert_eq!((works, &json["usable"]), (vec![false.into(), false.into()], &true.into()));
    folder.append("units.yaml", "vi-tri: {}\n");
    let broken = check(&folder, &[]);
    assert_eq!(broken.status.code(), Some(78), "a wrong configuration asks nobody");
    assert!(!out(&broken).contains("Máy chủ thư"), "{}", out(&broken));
}

#[tokio::test]
async fn a_folder_for_letters_is_tried_by_writing() {
    let folder = OfficeFolder::new(9, TASK);
    folder.replace(
        "nhacviec.yaml",
        "  smtp: { host: 127.0.0.1, port: 9, security: plaintext, client_name: thu.example }",
        "  maildir: thu",
    );
    assert!(out(&check(&folder, &[])).contains("ghi được (đang dùng thử: thư không gửi đi đâu)"));
    folder.replace("nhacviec.yaml", "maildir: thu", "maildir: /proc/thu");
    let output = check(&folder, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("KHÔNG dùng được: không ghi được vào thư mục thư"), "{}", out(&output));
}
