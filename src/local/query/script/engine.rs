//! A script in QuickJS. Values go in and come out as JSON.

use super::Failure;
use crate::local::query::value::{self, Value, write_document};
use rquickjs::function::{Args, Func};
use rquickjs::loader::{BuiltinLoader, BuiltinResolver};
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Exception, Function, Module, Object, Runtime,
};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that a script may allocate.
const MEMORY: usize = 64 << 20;

/// Bytes of stack that a script may use, of those that a thread for queries has.
const STACK: usize = 1 << 20;

/// Longest time for which a sleeping script doesn't notice that it is to stop.
const NAP: Duration = Duration::from_millis(10);

/// Name of the module that Rockset gives to scripts.
const ROCKSET: &str = "/rockset";

/// The module's source. The global object has its functions until the module has taken them.
const SOURCE: &str = "export const sleep = globalThis.sleep; delete globalThis.sleep;";

/// A call of the function.
pub type Call<'a> = dyn Fn(&[Value]) -> Result<Value, String> + 'a;

/// Loads a module and calls `rows` with its exported function.
pub(super) fn run<T>(
    module: &str,
    function: &str,
    is_stopped: impl Fn() -> bool + Clone + 'static,
    rows: impl FnOnce(&Call<'_>) -> T,
) -> Result<T, Failure> {
    let runtime = Runtime::new().map_err(wrong)?;
    runtime.set_memory_limit(MEMORY);
    runtime.set_max_stack_size(STACK);
    let resolver = BuiltinResolver::default().with_module(ROCKSET);
    runtime.set_loader(resolver, BuiltinLoader::default().with_module(ROCKSET, SOURCE));
    let asked = is_stopped.clone();
    runtime.set_interrupt_handler(Some(Box::new(asked)));
    let context = Context::full(&runtime).map_err(wrong)?;
    context.with(|ctx| {
        let outcome = match load(&ctx, module, function, is_stopped.clone()).catch(&ctx) {
            Ok(Some(function)) => Ok(rows(&|args| {
                call(&ctx, &function, args).catch(&ctx).map_err(|error| message(&error))
            })),
            Ok(None) => Err(Failure::NotFound),
            Err(error) => Err(Failure::Wrong(message(&error))),
        };
        if is_stopped() { Err(Failure::Stopped) } else { outcome }
    })
}

/// The exported function, if there is one of this name.
fn load<'js>(
    ctx: &Ctx<'js>,
    module: &str,
    function: &str,
    is_stopped: impl Fn() -> bool + 'static,
) -> rquickjs::Result<Option<Function<'js>>> {
    let sleep = move |ctx: Ctx<'js>, milliseconds: f64| {
        let time = Duration::try_from_secs_f64(milliseconds.max(0.0) / 1000.0);
        let end = time.ok().and_then(|time| Instant::now().checked_add(time));
        while end.is_none_or(|end| Instant::now() < end) {
            if is_stopped() {
                return Err(Exception::throw_message(&ctx, "The query was cancelled"));
            }
            let left = end.map_or(NAP, |end| end.saturating_duration_since(Instant::now()));
            thread::sleep(left.min(NAP));
        }
        Ok(())
    };
    ctx.globals().set("sleep", Func::from(sleep))?;
    let (module, loading) = Module::declare(ctx.clone(), "script", module)?.eval()?;
    loading.finish::<()>()?;
    let exports: Object<'js> = module.namespace()?;
    let exported: rquickjs::Value<'js> = exports.get(function)?;
    Ok(exported.into_function())
}

fn call<'js>(
    ctx: &Ctx<'js>,
    function: &Function<'js>,
    values: &[Value],
) -> rquickjs::Result<Value> {
    let mut args = Args::new(ctx.clone(), values.len());
    for value in values {
        args.push_arg(into_js(ctx, value)?)?;
    }
    let mut answer: rquickjs::Value<'js> = function.call_arg(args)?;
    if let Some(promise) = answer.as_promise().cloned() {
        answer = promise.finish()?;
    }
    let Some(text) = ctx.json_stringify(answer)? else { return Ok(Value::Undefined) };
    let text = text.to_string()?;
    value::parse(&text).map_err(|error| Exception::throw_message(ctx, &error.to_string()))
}

fn into_js<'js>(ctx: &Ctx<'js>, value: &Value) -> rquickjs::Result<rquickjs::Value<'js>> {
    if *value == Value::Undefined {
        return Ok(rquickjs::Value::new_undefined(ctx.clone()));
    }
    let mut text = String::new();
    write_document(value, &mut text);
    ctx.json_parse(text)
}

fn wrong(error: rquickjs::Error) -> Failure {
    Failure::Wrong(error.to_string())
}

/// What a script has thrown, in one line.
fn message(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            let name = exception.as_object().get::<_, String>("name");
            let text = exception.message().unwrap_or_default();
            match name {
                Ok(name) if name != "Error" => format!("{name}: {text}"),
                _ => text,
            }
        }
        CaughtError::Value(value) => match value.as_string().map(|text| text.to_string()) {
            Some(Ok(text)) => text,
            _ => "it has thrown something that is no error".to_string(),
        },
        CaughtError::Error(rquickjs::Error::WouldBlock) => {
            "it waits for a promise that nothing settles".to_string()
        }
        CaughtError::Error(error) => error.to_string(),
    }
}
