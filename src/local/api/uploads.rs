//! Files that are uploaded into a collection.

use super::answers::{ApiResult, Json};
use super::collections::CollectionPath;
use super::documents::open;
use super::extract::{Params, parse};
use crate::local::catalog::timestamp;
use crate::local::error::ApiError;
use crate::local::ingest::files;
use crate::local::state::AppState;
use crate::local::storage::RecordOrigin;
use crate::rockset::enums::ErrorType;
use crate::rockset::types::{FormatParams, Source, SourceFileUpload, UploadFileResponse};
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use serde_json::json;
use uuid::Uuid;

/// A file, with the other fields of its form.
pub(super) struct Form {
    name: String,
    file: Bytes,
    params: Option<FormatParams>,
}

impl FromRequest<AppState> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let form = Multipart::from_request(request, app).await.map_err(|_| {
            let message = "A form is needed, with the header `Content-Type: multipart/form-data`";
            ApiError::new(ErrorType::Unsupportedmediatype, message)
        })?;
        FormParts::read(form).await?.form(app).await
    }
}

/// The parts of a form.
#[derive(Default)]
struct FormParts {
    /// Name and content.
    file: Option<(String, Bytes)>,
    size: Option<String>,
    params: Option<Bytes>,
}

impl FormParts {
    async fn read(mut form: Multipart) -> Result<Self, ApiError> {
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

    async fn form(self, app: &AppState) -> Result<Form, ApiError> {
        let missing = || ApiError::invalid("Wrong in file: it is missing");
        let (name, file) = self.file.ok_or_else(missing)?;
        check_size(self.size.as_deref(), file.len())?;
        let params = self.params.filter(|text| !text.trim_ascii().is_empty());
        let params = match params {
            None => None,
            Some(text) => Some(parse(app, text).await?),
        };
        Ok(Form { name, file, params })
    }
}

fn unreadable(error: MultipartError) -> ApiError {
    ApiError::new(ErrorType::Badrequest, format!("The form can't be read: {}", error.body_text()))
}

async fn whole(part: Field<'_>) -> Result<(String, Bytes), ApiError> {
    let name = part.file_name().unwrap_or_default().to_string();
    if name.is_empty() {
        return Err(ApiError::invalid("Wrong in file: its part has no filename"));
    }
    Ok((name, part.bytes().await.map_err(unreadable)?))
}

fn check_size(given: Option<&str>, found: usize) -> Result<(), ApiError> {
    match given.map(str::trim) {
        Some(text) if text.parse() != Ok(found) => Err(ApiError::invalid(format!(
            "Wrong in size: it is {text:?}, and the file has {found} bytes"
        ))),
        _ => Ok(()),
    }
}

pub(super) async fn upload(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    form: Form,
) -> ApiResult<UploadFileResponse> {
    app.room().await?;
    let collection = open(&app, &workspace, &name)?;
    let file = SourceFileUpload {
        file_name: form.name,
        file_size: i64::try_from(form.file.len()).unwrap_or(i64::MAX),
        file_upload_time: timestamp(),
    };
    let told = json!({ "file": file.file_name, "upload_time": file.file_upload_time });
    let origin = RecordOrigin::Upload(told.to_string().into());
    let params = form.params.as_ref();
    let (pool, name) = (&app.pool, file.file_name.as_str());
    let documents = files::read(pool, &collection, name, form.file, params, origin).await?;
    let source = Source {
        id: Some(Uuid::new_v4().to_string()),
        file_upload: Some(file.clone()),
        format_params: form.params,
        ..Source::default()
    };
    app.pool.run(move || collection.upload(source, documents)).await??;
    Ok(Json(UploadFileResponse { data: Some(file) }))
}
