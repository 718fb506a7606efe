//! The SOAP service: strict about the envelope, loose about what it puts inside.

use super::{
    client::{Reply, now, post},
    kit::{FakeDossier, SavisSoap, SoapFault},
};

const XML: (&str, &str) = ("content-type", "text/xml; charset=utf-8");
const ACTION: (&str, &str) = ("soapaction", "\"http://tempuri.org/GetListHoSo\"");

async fn start(count: usize) -> SavisSoap {
    let server = SavisSoap::start(now()).await;
    server.set_rows(FakeDossier::several(count, "2025-06-17 17:00:00"));
    server
}

fn envelope(page: usize, size: usize) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://tempuri.org/">
  <s:Header><t:Header><t:User>{}</t:User><t:Password>{}</t:Password></t:Header></s:Header>
  <s:Body><t:GetListHoSo><t:input><t:ma_ho_so/><t:so_trang>{page}</t:so_trang>
    <t:so_ban_ghi_tren_trang>{size}</t:so_ban_ghi_tren_trang></t:input></t:GetListHoSo></s:Body>
</s:Envelope>"#,
        SavisSoap::USER,
        SavisSoap::PASSWORD
    )
}

async fn call(server: &SavisSoap, envelope: &str) -> Reply {
    post(&server.url(), &[XML, ACTION], envelope).await
}

async fn page(server: &SavisSoap, number: usize, size: usize) -> String {
    let reply = call(server, &envelope(number, size)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

#[tokio::test]
async fn rows_are_an_xml_text_inside_the_answer_in_three_wrappings() {
    let server = start(3).await;
    let row = format!(
        "<row><ma_ho_so>HS-003</ma_ho_so><ten_nguoi_dang_ky>{}</ten_nguoi_dang_ky>\
         <thoi_gian_hoan_thanh>17/06/2025</thoi_gian_hoan_thanh></row>",
        FakeDossier::APPLICANT
    );
    let escaped = row.replace('<', "&lt;").replace('>', "&gt;");
    let text = page(&server, 2, 2).await;
    assert!(text.contains(&format!("<GetListHoSoResult><any>&lt;data&gt;{escaped}&lt;/data&gt;</any>")), "{text}");
    server.fail_next(1, SoapFault::Cdata);
    assert!(page(&server, 2, 2).await.contains(&format!("<any><![CDATA[<data>{row}</data>]]></any>")));
    server.fail_next(1, SoapFault::Inline);
    assert!(page(&server, 2, 2).await.contains(&format!("<GetListHoSoResult><data>{row}</data></GetListHoSoResult>")));
}

#[tokio::test]
async fn an_empty_row_and_a_page_beyond_the_end() {
    let server = start(1).await;
    server.fail(SoapFault::Cdata);
    assert!(page(&server, 2, 5).await.contains("<![CDATA[<data></data>]]>"));
    server.fail(SoapFault::EmptyRow);
    assert!(page(&server, 2, 5).await.contains("<![CDATA[<data><row/></data>]]>"));
}

#[tokio::test]
async fn a_wrong_login_and_a_failure_look_alike() {
    let server = start(1).await;
    let fail = "<any>&lt;status&gt;fail&lt;/status&gt;</any>";
    server.fail_next(1, SoapFault::Failed);
    assert!(page(&server, 1, 5).await.contains(fail));
    let wrong = envelope(1, 5).replace(SavisSoap::PASSWORD, "sai");
    assert!(call(&server, &wrong).await.text().contains(fail));
}

#[tokio::test]
async fn what_is_no_proper_call_gets_a_soap_fault() {
    let server = start(1).await;
    let good = envelope(1, 5);
    let broken = [
        good.replace("</t:input>", ""),
        good.replace("http://tempuri.org/\"", "http://tempuri.org\""),
        good.replace("schemas.xmlsoap.org/soap", "www.w3.org/2003/05/soap"),
        good.replace("GetListHoSo>", "GetHoSo>"),
        good.replace("<t:ma_ho_so/>", "<t:ma_ho_so>&khong;</t:ma_ho_so>"),
    ];
    for body in &broken {
        let reply = call(&server, body).await;
        assert_eq!((reply.status, reply.text().contains("<soap:Fault>")), (500, true), "{body}");
    }
    assert_eq!(post(&server.url(), &[XML], &good).await.status, 500, "without SOAPAction");
    assert_eq!(post(&server.url(), &[("content-type", "application/soap+xml"), ACTION], &good).await.status, 415);
    server.fail_next(1, SoapFault::ServerFault);
    assert_eq!(call(&server, &good).await.status, 500);
    assert_eq!(call(&server, &good).await.status, 200);
}
