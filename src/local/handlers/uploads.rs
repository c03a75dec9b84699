//! Files that are uploaded into a collection.

use super::collections::Place;
use super::documents::open;
use crate::local::answers::Json;
use crate::local::body::{Params, parse};
use crate::local::engine;
use crate::local::errors::{Answer, Failure};
use crate::local::files;
use crate::local::state::App;
use crate::local::storage::Origin;
use crate::local::store::timestamp;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{FormatParams, Source, SourceFileUpload, UploadFileResponse};
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use serde_json::json;
use std::marker::PhantomData;
use uuid::Uuid;

/// A file, and what the form says of it.
pub(in crate::local) struct Form {
    name: String,
    file: Bytes,
    params: Option<FormatParams>,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let form = Multipart::from_request(request, state).await.map_err(|_| {
            let message = "A form is needed, with the header `Content-Type: multipart/form-data`";
            Failure::new(ErrorType::Unsupportedmediatype, message)
        })?;
        Parts::read(form).await?.form()
    }
}

/// The parts of a form.
#[derive(Default)]
struct Parts {
    /// With its name.
    file: Option<(String, Bytes)>,
    size: Option<String>,
    params: Option<Bytes>,
}

impl Parts {
    async fn read(mut form: Multipart) -> Result<Self, Failure> {
        let mut parts = Self::default();
        while let Some(part) = form.next_field().await.map_err(unreadable)? {
            match part.name() {
                Some("file") => parts.file = Some(whole(part).await?),
                Some("size") => parts.size = Some(part.text().await.map_err(unreadable)?),
                Some("params") => parts.params = Some(part.bytes().await.map_err(unreadable)?),
                _ => {}
            }
        }
        Ok(parts)
    }

    fn form(self) -> Result<Form, Failure> {
        let missing = || Failure::invalid("Wrong in file: it is missing");
        let (name, file) = self.file.ok_or_else(missing)?;
        check_size(self.size.as_deref(), file.len())?;
        let params = self.params.filter(|text| !text.trim_ascii().is_empty());
        let params = params.map(|text| parse(&text, PhantomData::<FormatParams>)).transpose()?;
        Ok(Form { name, file, params })
    }
}

fn unreadable(error: MultipartError) -> Failure {
    Failure::new(ErrorType::Badrequest, format!("The form can't be read: {}", error.body_text()))
}

async fn whole(part: Field<'_>) -> Result<(String, Bytes), Failure> {
    let name = part.file_name().unwrap_or_default().to_string();
    if name.is_empty() {
        return Err(Failure::invalid("Wrong in file: its part has no filename"));
    }
    Ok((name, part.bytes().await.map_err(unreadable)?))
}

fn check_size(given: Option<&str>, found: usize) -> Result<(), Failure> {
    match given.map(str::trim) {
        Some(text) if text.parse() != Ok(found) => Err(Failure::invalid(format!(
            "Wrong in size: it is {text:?}, and the file has {found} bytes"
        ))),
        _ => Ok(()),
    }
}

pub(in crate::local) async fn upload(
    State(app): State<App>,
    Params((workspace, name)): Place,
    form: Form,
) -> Answer<UploadFileResponse> {
    let collection = open(&app, &workspace, &name)?;
    let file = SourceFileUpload {
        file_name: form.name,
        file_size: i64::try_from(form.file.len()).unwrap_or(i64::MAX),
        file_upload_time: timestamp(),
    };
    let told = json!({ "file": file.file_name, "upload_time": file.file_upload_time });
    let origin = Origin::Upload(told.to_string().into());
    let params = form.params.as_ref();
    let (pool, name) = (&app.pool, file.file_name.as_str());
    let documents = match files::is_json(name, params) {
        true => files::read_json(pool, &collection, name, form.file, origin).await,
        false => engine::read_file(pool, &collection, name, form.file, params, origin).await,
    }?;
    let source = Source {
        id: Some(Uuid::new_v4().to_string()),
        file_upload: Some(file.clone()),
        format_params: form.params,
        ..Source::default()
    };
    app.pool.run(move || collection.upload(source, documents)).await??;
    Ok(Json(UploadFileResponse { data: Some(file) }))
}
