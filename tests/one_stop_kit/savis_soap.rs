//! SAVIS's web service of 2016: SOAP 1.1 from an ASMX page, the rows as an XML text inside the answer.

mod envelope;

use chrono::NaiveDate;

use self::envelope::Element;
use super::{
    dossier::FakeDossier,
    fault::AnyFault,
    reply::Reply,
    server::FakeServer,
    text::{date, escape_markup},
    visit::{System, Visit},
};

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SERVICE: &str = "http://tempuri.org/";

/// What goes wrong, or differs, in this service only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoapFault {
    /// The XML text stands in a CDATA section instead of being escaped.
    Cdata,
    /// The rows are elements of the answer itself: what some clients show as a text named `any`.
    Inline,
    /// An empty `<row/>` follows the others.
    EmptyRow,
    /// `<status>fail</status>` instead of rows.
    Failed,
    /// HTTP 500 with a SOAP fault.
    ServerFault,
}

impl From<SoapFault> for AnyFault<SoapFault> {
    fn from(fault: SoapFault) -> Self {
        Self::Own(fault)
    }
}

#[derive(Debug, Default)]
pub struct SoapSystem;

pub type SavisSoap = FakeServer<SoapSystem>;

impl SavisSoap {
    pub const PATH: &str = "/OnegateBGService.asmx";
    pub const ACTION: &str = "http://tempuri.org/GetListHoSo";
    pub const USER: &str = "nhacviec";
    pub const PASSWORD: &str = "mat-khau-vi-du";

    pub fn url(&self) -> String {
        self.base_url() + Self::PATH
    }
}

impl System for SoapSystem {
    type Fault = SoapFault;

    fn answer(&mut self, visit: &Visit<'_, SoapFault>) -> Reply {
        let request = visit.request;
        if !visit.is("POST", SavisSoap::PATH) {
            return Reply::not_found();
        }
        if !request.has_content_type("text/xml") {
            return Reply::html(415, "Unsupported Media Type");
        }
        let action = request.header("soapaction").unwrap_or_default().trim_matches('"');
        let call = envelope::read(&request.body).filter(|_| action == SavisSoap::ACTION);
        let Some(call) = call.filter(|_| !visit.meets(&SoapFault::ServerFault)) else { return soap_fault() };
        let header = call.at(&[(SOAP, "Header"), (SERVICE, "Header")]);
        let login = header.map(|header| (header.text_of(SERVICE, "User"), header.text_of(SERVICE, "Password")));
        let is_known = login == Some((SavisSoap::USER, SavisSoap::PASSWORD));
        let input = call.at(&[(SOAP, "Body"), (SERVICE, "GetListHoSo"), (SERVICE, "input")]);
        match input {
            Some(input) if is_known && !visit.meets(&SoapFault::Failed) => {
                wrap(&format!("<data>{}</data>", rows(input, visit)), visit)
            }
            Some(_) => wrap("<status>fail</status>", visit),
            None => soap_fault(),
        }
    }
}

fn rows(input: &Element, visit: &Visit<'_, SoapFault>) -> String {
    let text = |name| input.text_of(SERVICE, name);
    let number = |name, default| text(name).parse::<usize>().unwrap_or(default).max(1);
    let (number, size) = (number("so_trang", 1), number("so_ban_ghi_tren_trang", 10));
    let is_asked = |wanted: &str, value: &str| wanted.is_empty() || wanted == value;
    let day = |name| text(name).parse::<NaiveDate>().ok();
    let found = visit.rows.select(|row| {
        is_asked(text("ma_ho_so"), &row.code)
            && is_asked(text("ma_don_vi"), &row.agency_code)
            && is_asked(text("tinh_trang_ho_so"), &row.status_with_pause().code())
            && day("tiep_nhan_tu").is_none_or(|first| row.received.date() >= first)
            && day("tiep_nhan_den").is_none_or(|last| row.received.date() <= last)
    });
    let page = found.page((number - 1).saturating_mul(size), size);
    let mut told: String = page.rows.iter().map(tell).collect();
    if visit.meets(&SoapFault::EmptyRow) {
        told.push_str("<row/>");
    }
    told
}

/// A row has these three and no more; the day has no hour.
fn tell(dossier: &FakeDossier) -> String {
    format!(
        "<row><ma_ho_so>{}</ma_ho_so><ten_nguoi_dang_ky>{}</ten_nguoi_dang_ky><thoi_gian_hoan_thanh>{}</thoi_gian_hoan_thanh></row>",
        escape_markup(&dossier.code),
        escape_markup(&dossier.applicant),
        date(dossier.due, "%d/%m/%Y")
    )
}

fn wrap(xml: &str, visit: &Visit<'_, SoapFault>) -> Reply {
    let result = if visit.meets(&SoapFault::Inline) {
        xml.to_owned()
    } else if visit.meets(&SoapFault::Cdata) {
        format!("<any><![CDATA[{xml}]]></any>")
    } else {
        format!("<any>{}</any>", escape_markup(xml))
    };
    let body = format!(
        r#"<GetListHoSoResponse xmlns="{SERVICE}"><GetListHoSoResult>{result}</GetListHoSoResult></GetListHoSoResponse>"#
    );
    soap(200, &body)
}

fn soap_fault() -> Reply {
    let text = "Server was unable to process request.";
    soap(500, &format!("<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{text}</faultstring></soap:Fault>"))
}

fn soap(status: u16, body: &str) -> Reply {
    let envelope = format!(r#"<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>{body}</soap:Body></soap:Envelope>"#);
    Reply::xml(status, "text/xml; charset=utf-8", &envelope)
}
