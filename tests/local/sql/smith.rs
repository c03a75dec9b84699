//! Makes up queries, from a seed: each is well-formed, and most of them make sense.
//!
//! In the manner of SQLsmith (Seltenreich, 2015): a walk down the grammar that knows which names
//! are in scope.

use fastrand::Rng;

/// Collections of the language's tests, with fields of all kinds.
const COLLECTIONS: [(&str, &[&str]); 3] = [
    ("t", &["_id", "a", "b", "c", "c.d", "c.e", "at", "tags", "words", "user.login", "nothing"]),
    ("u", &["_id", "b", "n", "nothing"]),
    ("empty", &["_id", "n"]),
];

const LITERALS: [&str; 20] = [
    "0",
    "1",
    "-3",
    "2.5",
    "9223372036854775807",
    "'x'",
    "''",
    "'two'",
    "true",
    "false",
    "null",
    "undefined",
    "[1, 'a', null]",
    "{'k': 1}",
    "DATE '2024-02-07'",
    "TIMESTAMP '2024-02-07T23:00:00Z'",
    "INTERVAL 1 DAY",
    "X'00ff'",
    "CAST('7' AS u256)",
    "ST_GEOGPOINT(1, 2)",
];

const UNARY: [&str; 18] = [
    "TYPEOF",
    "LENGTH",
    "LOWER",
    "ABS",
    "TRY",
    "JSON_FORMAT",
    "ARRAY_DISTINCT",
    "KEYS",
    "SQRT",
    "DATE",
    "REVERSE",
    "TOKENIZE",
    "UNIX_SECONDS",
    "FLOOR",
    "TO_HEX",
    "ARRAY_SORT",
    "ST_X",
    "IS_SCALAR",
];

const AGGREGATES: [&str; 14] = [
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "ARRAY_AGG",
    "ARBITRARY",
    "BOOL_OR",
    "COUNT_IF",
    "APPROX_DISTINCT",
    "STDDEV_SAMP",
    "GEOMETRIC_MEAN",
    "BITWISE_OR_AGG",
    "EVERY",
];

const WINDOWS: [&str; 8] = [
    "ROW_NUMBER()",
    "RANK()",
    "DENSE_RANK()",
    "NTILE(3)",
    "PERCENT_RANK()",
    "LAG(#)",
    "FIRST_VALUE(#)",
    "SUM(#)",
];

const COMPARISONS: [&str; 8] =
    ["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"];

const FRAMES: [&str; 4] = [
    "",
    " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
    " ROWS UNBOUNDED PRECEDING",
    " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
];

const JOINS: [&str; 5] = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"];

const TYPES: [&str; 8] = ["int", "float", "string", "bool", "array", "date", "timestamp", "bytes"];

pub struct Smith {
    rng: Rng,
    /// Names of fields in scope, those of queries around it first.
    names: Vec<String>,
    relations: usize,
}

impl Smith {
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), names: Vec::new(), relations: 0 }
    }

    fn one_of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.rng.usize(..items.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    /// A query. In parentheses it may refer to what is around it.
    pub fn query(&mut self, depth: u32) -> String {
        let with = match depth > 2 && self.chance(10) {
            true => format!("WITH w AS ({}) ", self.query(depth - 2)),
            false => String::new(),
        };
        let mut body = self.select(depth, None);
        if depth > 1 && self.chance(10) {
            let op = self.one_of(&["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]);
            let (left, right) = (self.select(depth - 1, Some(1)), self.select(depth - 1, Some(1)));
            body = format!("{left} {op} {right} ORDER BY 1");
        }
        let limit = match self.chance(20) {
            true => format!(" LIMIT {} OFFSET {}", self.rng.u32(..9), self.rng.u32(..3)),
            false => String::new(),
        };
        format!("{with}{body}{limit}")
    }

    /// A query with this number of columns, or with any.
    fn select(&mut self, depth: u32, columns: Option<usize>) -> String {
        let around = self.names.len();
        let from = self.from(depth);
        let condition = match self.chance(50) {
            true => format!(" WHERE {}", self.condition(depth)),
            false => String::new(),
        };
        let count = columns.unwrap_or(1 + self.rng.usize(..3));
        let select = match (columns, self.rng.u32(..10)) {
            (None, 0) => format!("SELECT * FROM {from}{condition}"),
            (_, 1..=3) => self.grouped(depth, count, &from, &condition),
            (_, 4) => {
                let windows: Vec<String> = (0..count).map(|_| self.window(depth)).collect();
                format!("SELECT {} FROM {from}{condition}", windows.join(", "))
            }
            _ => {
                let distinct = if self.chance(15) { "DISTINCT " } else { "" };
                let items: Vec<String> = (0..count).map(|_| self.value(depth)).collect();
                format!("SELECT {distinct}{} FROM {from}{condition}", items.join(", "))
            }
        };
        self.names.truncate(around);
        select
    }

    fn grouped(&mut self, depth: u32, count: usize, from: &str, condition: &str) -> String {
        let keys: Vec<String> = (0..count).map(|_| self.value(depth.min(2))).collect();
        let list = keys.join(", ");
        let sets = match self.rng.u32(..6) {
            0 => format!("ROLLUP({list})"),
            1 => format!("CUBE({list})"),
            2 => format!("GROUPING SETS(({list}), ())"),
            _ => list.clone(),
        };
        let mut items: Vec<String> = keys;
        items[0] = self.aggregate(depth);
        let having = match self.chance(30) {
            true => format!(" HAVING {} > 0", self.aggregate(1)),
            false => String::new(),
        };
        format!("SELECT {} FROM {from}{condition} GROUP BY {sets}{having}", items.join(", "))
    }

    fn from(&mut self, depth: u32) -> String {
        let mut from = self.relation(depth);
        while depth > 1 && self.chance(25) {
            let join = self.one_of(&JOINS);
            if self.chance(30) {
                let array = self.name();
                let alias = self.alias(&["", "n", "x"]);
                from = format!("{from}, UNNEST({array}) AS {alias}");
                continue;
            }
            let right = self.relation(depth - 1);
            let on = match join {
                "CROSS JOIN" => String::new(),
                _ => format!(" ON {}", self.condition(1)),
            };
            from = format!("{from} {join} {right}{on}");
        }
        from
    }

    fn relation(&mut self, depth: u32) -> String {
        if depth > 1 && self.chance(20) {
            // What is in parentheses here sees nothing of what is around it.
            let around = std::mem::take(&mut self.names);
            let query = self.select(depth - 1, Some(2));
            self.names = around;
            let alias = self.alias(&["p", "q"]);
            return format!("({query}) AS {alias}(p, q)");
        }
        let (name, fields) = COLLECTIONS[self.rng.usize(..COLLECTIONS.len())];
        let alias = self.alias(fields);
        format!("{name} AS {alias}")
    }

    /// A new relation with these fields.
    fn alias(&mut self, fields: &[&str]) -> String {
        self.relations += 1;
        let alias = format!("r{}", self.relations);
        for field in fields {
            let dot = if field.is_empty() { "" } else { "." };
            self.names.push(format!("{alias}{dot}{field}"));
        }
        alias
    }

    fn name(&mut self) -> String {
        match self.names.len() {
            0 => "null".to_string(),
            count => self.names[self.rng.usize(..count)].clone(),
        }
    }

    fn value(&mut self, depth: u32) -> String {
        if depth == 0 {
            return match self.chance(70) {
                true => self.name(),
                false => self.one_of(&LITERALS).to_string(),
            };
        }
        let inner = depth - 1;
        match self.rng.u32(..16) {
            0 => format!("({} {} {})", self.value(inner), self.operator(), self.value(inner)),
            1 => format!("{}({})", self.one_of(&UNARY), self.value(inner)),
            2 => format!("TRY_CAST({} AS {})", self.value(inner), self.one_of(&TYPES)),
            3 => format!("COALESCE({}, {})", self.value(inner), self.value(inner)),
            4 => {
                let (condition, value) = (self.condition(inner), self.value(inner));
                format!("CASE WHEN {condition} THEN {value} ELSE {} END", self.value(inner))
            }
            5 => format!("{}['d']", self.name()),
            6 => format!("[{}, {}]", self.value(inner), self.value(inner)),
            7 => format!("TRY({} {} {})", self.value(inner), self.operator(), self.value(inner)),
            8 => self.condition(inner),
            9 if depth > 1 => format!("({} LIMIT 1)", self.select(inner, Some(1))),
            _ => self.value(0),
        }
    }

    fn operator(&mut self) -> &'static str {
        self.one_of(&["+", "-", "*", "/", "%", "||"])
    }

    fn condition(&mut self, depth: u32) -> String {
        let inner = depth.saturating_sub(1);
        let not = if self.chance(20) { "NOT " } else { "" };
        match self.rng.u32(..14) {
            0 | 1 if depth > 0 => {
                format!("({} AND {})", self.condition(inner), self.condition(inner))
            }
            2 if depth > 0 => format!("({} OR {})", self.condition(inner), self.condition(inner)),
            3 => format!("{} IS {not}NULL", self.value(inner)),
            4 => format!("{} IS {not}UNDEFINED", self.value(inner)),
            5 => format!("{} {not}IN ({}, {})", self.value(inner), self.value(0), self.value(0)),
            6 => format!("{} BETWEEN {} AND {}", self.value(inner), self.value(0), self.value(0)),
            7 if depth > 1 => format!("{not}EXISTS ({})", self.select(inner, Some(1))),
            8 if depth > 1 => {
                format!("{} {not}IN ({})", self.value(inner), self.select(inner, Some(1)))
            }
            9 if depth > 1 => {
                let (op, any) = (self.one_of(&COMPARISONS[..6]), self.one_of(&["ANY", "ALL"]));
                format!("{} {op} {any} ({})", self.value(inner), self.select(inner, Some(1)))
            }
            10 => format!("TRY({} LIKE '%x_')", self.value(0)),
            _ => {
                format!("{} {} {}", self.value(inner), self.one_of(&COMPARISONS), self.value(inner))
            }
        }
    }

    fn aggregate(&mut self, depth: u32) -> String {
        let argument = self.value(depth.min(2).saturating_sub(1));
        let distinct = if self.chance(15) { "DISTINCT " } else { "" };
        let filter = match self.chance(15) {
            true => format!(" FILTER (WHERE {})", self.condition(1)),
            false => String::new(),
        };
        match self.rng.u32(..6) {
            0 => format!("COUNT(*){filter}"),
            1 => format!("MAX_BY({argument}, {})", self.value(0)),
            2 => format!("ARRAY_AGG({argument} ORDER BY {} DESC){filter}", self.value(0)),
            _ => format!("{}({distinct}{argument}){filter}", self.one_of(&AGGREGATES)),
        }
    }

    fn window(&mut self, depth: u32) -> String {
        let argument = self.value(depth.min(2).saturating_sub(1));
        let function = self.one_of(&WINDOWS).replace('#', &argument);
        let partition = match self.chance(50) {
            true => format!("PARTITION BY {} ", self.value(0)),
            false => String::new(),
        };
        let order = self.value(1);
        let frame = if function.contains('#') || function.starts_with("SUM") {
            self.one_of(&FRAMES)
        } else {
            ""
        };
        format!("{function} OVER ({partition}ORDER BY {order}{frame})")
    }

    /// A condition on one collection, for a check of its answers.
    pub fn partition(&mut self, depth: u32) -> (String, String) {
        let from = "t AS r0".to_string();
        self.names = COLLECTIONS[0].1.iter().map(|field| format!("r0.{field}")).collect();
        let condition = self.condition(depth);
        self.names.clear();
        (from, condition)
    }
}
