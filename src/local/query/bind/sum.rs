//! `SUM` of values of several types: an int if all are ints, otherwise a float.

use crate::local::query::sql_error::{Place, SqlError};
use crate::local::query::value::{Value, decode, encode, equality_key};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The aggregate, at a place in the query.
pub(super) fn sum_udaf(place: Option<Place>) -> Arc<AggregateUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(Sum { place, signature }))
}

#[derive(Debug)]
struct Sum {
    place: Option<Place>,
    signature: Signature,
}

// The same sum may be written in several places.
impl PartialEq for Sum {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Sum {}

impl Hash for Sum {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum_of_any"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::BinaryView)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(match args.is_distinct {
            true => Box::new(DistinctTotal { values: BTreeMap::new(), place: self.place }),
            false => Box::new(Total::new(self.place)),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let of = match args.is_distinct {
            true => DataType::new_list(DataType::BinaryView, true),
            false => DataType::BinaryView,
        };
        Ok(vec![Arc::new(Field::new("total", of, true))])
    }
}

#[derive(Debug)]
struct Total {
    /// Wide enough for a sum that leaves the range of an int on its way.
    ints: i128,
    floats: f64,
    count: u64,
    float_count: u64,
    place: Option<Place>,
}

impl Total {
    fn new(place: Option<Place>) -> Self {
        Self { ints: 0, floats: 0.0, count: 0, float_count: 0, place }
    }

    fn add(&mut self, value: Value) -> Result<()> {
        match value {
            Value::Null | Value::Undefined => return Ok(()),
            Value::Int(int) => self.ints += i128::from(int),
            Value::Float(float) => {
                self.floats += float;
                self.float_count += 1;
            }
            other => return Err(self.wrong(&format!("SUM adds numbers, not {}", other.kind()))),
        }
        self.count += 1;
        Ok(())
    }

    /// Takes back a value that was added.
    fn remove(&mut self, value: Value) {
        match value {
            Value::Int(int) => self.ints -= i128::from(int),
            Value::Float(float) => {
                self.floats -= float;
                self.float_count -= 1;
            }
            _ => return,
        }
        self.count -= 1;
    }

    fn wrong(&self, message: &str) -> DataFusionError {
        DataFusionError::External(Box::new(SqlError::new(message).at(self.place)))
    }

    fn total(&self) -> Result<Option<Value>> {
        if self.count == 0 {
            return Ok(None);
        }
        if self.float_count > 0 {
            return Ok(Some(Value::Float(self.floats + self.ints as f64)));
        }
        let int = i64::try_from(self.ints);
        let int = int.map_err(|_| self.wrong("SUM is greater than an int can be"))?;
        Ok(Some(Value::Int(int)))
    }

    fn scalar(&self) -> Result<ScalarValue> {
        Ok(ScalarValue::BinaryView(self.total()?.map(|total| encode(&total))))
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first().and_then(|values| values.as_binary_view_opt()) else {
            return Ok(());
        };
        values.iter().flatten().try_for_each(|bytes| self.add(decode(bytes)))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.scalar()
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.scalar()?])
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values.first().and_then(|values| values.as_binary_view_opt());
        values.iter().flat_map(|values| values.iter()).flatten().for_each(|bytes| {
            self.remove(decode(bytes));
        });
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}

/// The sum of values that differ.
#[derive(Debug)]
struct DistinctTotal {
    /// Encoded values, by what makes them equal.
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    place: Option<Place>,
}

impl DistinctTotal {
    fn add(&mut self, values: &dyn Array) {
        let values = values.as_binary_view_opt().into_iter().flat_map(|values| values.iter());
        for bytes in values.flatten() {
            if let Some(key) = equality_key(bytes) {
                self.values.entry(key.into_owned()).or_insert_with(|| bytes.to_vec());
            }
        }
    }
}

impl Accumulator for DistinctTotal {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values.first().into_iter().for_each(|values| self.add(values));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut total = Total::new(self.place);
        self.values.values().try_for_each(|bytes| total.add(decode(bytes)))?;
        total.scalar()
    }

    fn size(&self) -> usize {
        let bytes = self.values.iter().map(|(key, value)| key.len() + value.len());
        size_of::<Self>() + bytes.sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.values.values().map(|bytes| ScalarValue::BinaryView(Some(bytes.clone())));
        let values: Vec<_> = values.collect();
        let list = ScalarValue::new_list(&values, &DataType::BinaryView, true);
        Ok(vec![ScalarValue::List(list)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states.first().and_then(|lists| lists.as_list_opt::<i32>());
        lists.into_iter().flat_map(|lists| lists.iter()).flatten().for_each(|list| self.add(&list));
        Ok(())
    }
}
