//! Judging a large configuration: 200 plans of 50 tasks, 2,000 people. `cargo bench --bench check`

use std::{fmt::Write as _, fs, path::Path, time::Instant};

use nhacviec::config::{self, Folders, example};

const PLANS: usize = 200;
const TASKS: usize = 50;
const UNITS: usize = 200;
const PEOPLE_OF_A_UNIT: usize = 10;

fn main() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let folders = Folders { config: root.path().join("config"), state: root.path().join("state"), credentials: None };
    write(&folders.config);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        let config = config::load(&folders).unwrap_or_else(|error| panic!("{}", error.one_line()));
        let warnings = config.warnings().len();
        let took = start.elapsed().as_secs_f64();
        let tasks: usize = config.office.agenda.plans.iter().map(|plan| plan.tasks.len()).sum();
        let (people, occurrences) = (config.office.directory.people.len(), config.office.agenda.occurrences.len());
        println!("{tasks} tasks, {people} people, {occurrences} occurrences, {warnings} warnings: {took:.3} s");
        best = best.min(took);
    }
    println!("best {best:.3} s");
}

fn write(folder: &Path) {
    example::write_to(folder).expect("writable");
    fs::remove_file(folder.join("plans/kstthc-2023.yaml")).expect("was there");
    let root = fs::read_to_string(folder.join("nhacviec.yaml")).expect("written");
    let start = root.find("\nsources:").expect("the example has sources");
    let end = root.find("\npolicies:").expect("and policies");
    fs::write(folder.join("nhacviec.yaml"), format!("{}{}", &root[..start], &root[end..])).expect("writable");
    let (mut units, mut people) = (String::new(), String::new());
    for unit in 0..UNITS {
        let contacts: Vec<String> = (0..PEOPLE_OF_A_UNIT).map(|n| format!("nguoi-{unit}-{n}")).collect();
        let _ = writeln!(
            units,
            "  - {{ id: don-vi-{unit}, name: Phòng nghiệp vụ số {unit}, head: nguoi-{unit}-0, overseen_by: nguoi-0-0, contacts: [{}] }}",
            contacts.join(", ")
        );
        for id in contacts {
            let _ = writeln!(people, "  - {{ id: {id}, name: Người {id}, email: {id}@sct.example }}");
        }
    }
    let positions = "positions: { chanh-van-phong: nguoi-0-0, pho-giam-doc: nguoi-0-1, giam-doc: nguoi-0-2 }";
    let administrator = "  - { id: quan-tri, name: Quản trị, email: quan-tri@sct.example }\n";
    fs::write(folder.join("units.yaml"), format!("units:\n{units}people:\n{administrator}{people}{positions}\n"))
        .expect("writable");
    let phrases = [
        "Trước ngày 15/06/2026",
        "Tháng 3,6,9,12/2026",
        "Thường xuyên",
        "Trước ngày 20 hằng tháng",
        "Khi có phát sinh",
    ];
    for plan in 0..PLANS {
        let mut text = format!("plan: {{ id: kh-{plan}, title: Kế hoạch số {plan}, year: 2026 }}\ntasks:\n");
        for task in 0..TASKS {
            let unit = |n: usize| format!("Phòng nghiệp vụ số {}", (plan * 7 + task * 3 + n) % UNITS);
            let _ = writeln!(
                text,
                "  - id: \"{task}\"\n    content: \"Nhiệm vụ thứ {task} của kế hoạch {plan}: rà soát, đánh giá, tổng hợp, báo cáo kết quả\"\n    lead: [{}]\n    coordinating: [{}, {}]\n    deadline: \"{}\"\n    product: Báo cáo",
                unit(0),
                unit(1),
                unit(2),
                phrases[task % phrases.len()]
            );
        }
        fs::write(folder.join(format!("plans/kh-{plan}.yaml")), text).expect("writable");
    }
}
