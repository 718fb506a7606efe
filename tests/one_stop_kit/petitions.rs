//! Public petitions through OpenCPS: `GET /o/rest/v2/nps/pakn`, every value a text, the total on every row.

use serde_json::{Value, json};

use super::{
    dossier::FakeDossier,
    reply::Reply,
    server::FakeServer,
    text,
    visit::{NoFault, System, Visit},
};

#[derive(Debug, Default)]
pub struct PetitionSystem;

pub type Petitions = FakeServer<PetitionSystem>;

impl Petitions {
    pub const PATH: &str = "/o/rest/v2/nps/pakn";
    /// The Liferay site.
    pub const GROUP_ID: &str = "35166";

    pub fn url(&self) -> String {
        self.base_url() + Self::PATH
    }
}

impl System for PetitionSystem {
    type Fault = NoFault;

    fn answer(&mut self, visit: &Visit<'_, NoFault>) -> Reply {
        let request = visit.request;
        if !visit.is("GET", Petitions::PATH) {
            return Reply::not_found();
        }
        let number = |key, default: usize| request.filled(key).and_then(|n| n.parse().ok()).unwrap_or(default).max(1);
        let (number, size) = (number("trangHienTai", 1), number("soBanGhiMoiTrang", 10));
        let is_known_site = request.header("groupid") == Some(Petitions::GROUP_ID);
        let is_found = |row: &FakeDossier| request.filled("keyword").is_none_or(|word| row.procedure.contains(word));
        let rows = visit.rows.select(|row| is_known_site && is_found(row));
        let page = rows.page((number - 1).saturating_mul(size), size);
        let told: Vec<Value> = page.rows.iter().map(|row| tell(row, page.total)).collect();
        Reply::json(200, &json!({ "DanhSachPAKNCongKhai": told }))
    }
}

/// There is no id and no due date in this shape.
fn tell(dossier: &FakeDossier, total: usize) -> Value {
    let is_answered = dossier.resolved.is_some();
    json!({
        "Ten": dossier.applicant, "TieuDe": dossier.procedure, "NoiDungPAKN": "Nội dung phản ánh ví dụ",
        "NoiDungTraLoi": if is_answered { "Nội dung trả lời ví dụ" } else { "" },
        "NgayGuiPAKN": text::date(Some(dossier.received), "%Y%m%d%H%M%S"),
        "TrangThai": if is_answered { "2" } else { "1" }, "TongSo": total.to_string(),
    })
}
