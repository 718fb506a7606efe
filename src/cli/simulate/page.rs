//! Owns the page on paper: months with the load of each day, people, units, and the list.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use minijinja::{Environment, context};
use serde::Serialize;

use super::{Row, by_day, provisional};
use crate::{
    domain::{notification::Reason, office::Office},
    message::vietnamese::{date, short_date},
    simulation::Leaving,
};

/// The page on paper: months with the load of each day, people, units, and the list.
#[derive(Serialize)]
pub struct Page {
    office: String,
    title: String,
    assumption: String,
    messages: usize,
    digests: usize,
    busiest: String,
    months: Vec<Month>,
    people: Vec<Load>,
    units: Vec<Load>,
    days: Vec<DayOfList>,
}

#[derive(Serialize)]
struct Month {
    name: String,
    weeks: Vec<Vec<Cell>>,
}

/// A day on the page; blank outside the month.
#[derive(Serialize, Clone, Default)]
struct Cell {
    day: u32,
    messages: usize,
    /// 0 to 4, for the shade.
    shade: usize,
    is_off: bool,
    name: String,
}

#[derive(Serialize)]
struct Load {
    name: String,
    messages: usize,
    days: usize,
    overdue: usize,
    busiest: String,
}

#[derive(Serialize)]
struct DayOfList {
    date: String,
    rows: Vec<Row>,
}

impl Page {
    /// Draws the span.
    pub fn of(office: &Office, leaving: &[Leaving], from: NaiveDate, to: NaiveDate, assumption: &str) -> Self {
        let days = by_day(leaving);
        let most = days.values().map(Vec::len).max().unwrap_or(0);
        let busiest = days.iter().find(|(_, of_day)| of_day.len() == most && most > 0);
        let digests: BTreeSet<_> = leaving.iter().map(|l| (l.on, l.notification.key.recipient.as_str())).collect();
        let rows: Vec<Row> = leaving.iter().map(|l| Row::of(office, l)).collect();
        let (people, units) = (loads(&rows, |row| row.name.clone()), loads(&rows, |row| row.unit.clone()));
        let mut list: Vec<DayOfList> = Vec::new();
        for row in rows {
            let date = format!("{}{}", date(row.on), provisional(office, row.on));
            match list.last_mut() {
                Some(of_day) if of_day.date == date => of_day.rows.push(row),
                _ => list.push(DayOfList { date, rows: vec![row] }),
            }
        }
        Self {
            office: office.name.clone(),
            title: format!("Nhắc việc từ {} đến {}", short_date(from), short_date(to)),
            assumption: assumption.to_owned(),
            messages: leaving.len(),
            digests: digests.len(),
            busiest: busiest.map(|(on, of_day)| format!("{} ({} tin)", date(*on), of_day.len())).unwrap_or_default(),
            months: months(office, &days, from, to, most),
            people,
            units,
            days: list,
        }
    }

    /// The page as HTML.
    pub fn render(&self) -> anyhow::Result<String> {
        let mut environment = Environment::new();
        environment.add_template("simulation.html", include_str!("../simulation.html.j2"))?;
        let page = environment.get_template("simulation.html")?;
        Ok(page.render(context! { page => minijinja::value::Serde(self) })?)
    }
}

fn months(
    office: &Office,
    days: &BTreeMap<NaiveDate, Vec<&Leaving>>,
    from: NaiveDate,
    to: NaiveDate,
    most: usize,
) -> Vec<Month> {
    let mut months: Vec<Month> = Vec::new();
    let start = from.with_day(1).unwrap_or(from);
    for day in start.iter_days().take_while(|day| *day <= to || day.month() == to.month() && day.year() == to.year()) {
        if day.day() == 1 {
            let provisional = provisional(office, day);
            months
                .push(Month { name: format!("Tháng {}/{}{provisional}", day.month(), day.year()), weeks: Vec::new() });
        }
        let Some(month) = months.last_mut() else { continue };
        let weekday = day.weekday().num_days_from_monday() as usize;
        if day.day() == 1 || weekday == 0 {
            month.weeks.push(vec![Cell::default(); 7]);
        }
        let messages = days.get(&day).map_or(0, Vec::len);
        let shade = if messages == 0 { 0 } else { (messages * 4).div_ceil(most.max(1)) };
        let name = office.calendar.day_off_name(day).unwrap_or_default().to_owned();
        let cell = Cell { day: day.day(), messages, shade, is_off: !office.calendar.is_working_day(day), name };
        if let Some(week) = month.weeks.last_mut() {
            week[weekday] = cell;
        }
    }
    months
}

/// The load by name, the heaviest first.
fn loads(rows: &[Row], name_of: impl Fn(&Row) -> String) -> Vec<Load> {
    let mut by_name: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_name.entry(name_of(row)).or_default().push(row);
    }
    let mut loads: Vec<Load> = by_name
        .into_iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, rows)| {
            let mut days: BTreeMap<NaiveDate, usize> = BTreeMap::new();
            for row in &rows {
                *days.entry(row.on).or_default() += 1;
            }
            let busiest = days.iter().max_by_key(|(on, n)| (**n, std::cmp::Reverse(**on)));
            Load {
                name,
                messages: rows.len(),
                days: days.len(),
                overdue: rows.iter().filter(|r| r.kind == Reason::Overdue.as_str()).count(),
                busiest: busiest.map(|(on, n)| format!("{} ({n})", short_date(*on))).unwrap_or_default(),
            }
        })
        .collect();
    loads.sort_by(|a, b| (b.messages, &a.name).cmp(&(a.messages, &b.name)));
    loads
}
