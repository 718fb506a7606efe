//! Reading a signed plan of 200 rows from a Word file. `cargo bench --bench import`

#[path = "../tests/import_kit/mod.rs"]
#[expect(dead_code, reason = "the stories need more of it")]
mod import_kit;

use std::{path::Path, time::Instant};

use import_kit::{Cell, docx};
use nhacviec::{
    config,
    import::{KnownNames, Options, read_document},
};

const HEADER: [&str; 6] =
    ["TT", "Nội dung công việc", "Cơ quan chủ trì", "Cơ quan phối hợp", "Thời gian hoàn thành", "Dự kiến sản phẩm"];

fn main() {
    let mut rows = vec![HEADER.iter().map(|t| Cell::text(t)).collect::<Vec<_>>()];
    for n in 1..=200 {
        let (number, content) = (n.to_string(), format!("Nhiệm vụ thứ {n}: {}", "rà soát, đánh giá ".repeat(12)));
        let parts = ["Văn phòng Sở", "Các phòng chuyên môn, Trung tâm", "Trước ngày 15 hằng tháng", "Báo cáo"];
        rows.push([number.as_str(), content.as_str()].into_iter().chain(parts).map(Cell::text).collect());
    }
    let bytes = docx(&["KẾ HOẠCH NĂM 2026"], &rows);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let names = config::read_unit_names(&folder).expect("the example is valid").expect("it has units");
    let options = Options { names: KnownNames::new(names), ..Options::default() };
    let start = Instant::now();
    let read = read_document(&bytes, &options).map(|draft| draft.rows.len());
    println!("{read:?} rows of {} kB in {:.0} ms", bytes.len() / 1000, start.elapsed().as_secs_f64() * 1000.0);
}
