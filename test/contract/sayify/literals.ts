/** The documentation's request and answers, copied from it by hand and not from the code. */

export const CREATE_REQUEST = `{
"name": "Product Feedback Survey",
"slug": "product-feedback-survey",
"status": "active",
"settings": {
"description": "Tell us about your experience with our product.",
"thankYouMessage": "Thanks for your feedback!",
"redirectUrl": "https://example.com/thank-you"
},
"questions": [
{
"prompt": "Tell us about your experience",
"type": "voice",
"field_key": "experience",
"order": 0,
"required": true,
"configuration": { "max_duration": 120, "enable_ai_evaluation": true },
"enable_dynamic_probing": true,
"evaluator_config": { "clarity_threshold": 60, "max_follow_ups": 2, "custom_fields": ["Summary"] }
},
{
"prompt": "How likely are you to recommend us? (1-10)",
"type": "number",
"field_key": "nps_score",
"order": 1,
"required": true,
"configuration": { "min": 1, "max": 10, "step": 1 }
},
{
"prompt": "What is your email address?",
"type": "email",
"field_key": "email_address",
"order": 2,
"required": true
}
],
"on_finished": {
"webhook_url": "https://example.com/webhook",
"webhook_secret": "my-webhook-secret"
}
}`

/** The documentation's answer has an en dash where its request has a hyphen; a prompt is echoed as it was sent. */
export const CREATE_ANSWER = `{
"uuid": "ea92fd15-7563-447f-a75d-0d61570f4c73",
"name": "Product Feedback Survey",
"slug": "product-feedback-survey",
"status": "active",
"settings": {
"description": "Tell us about your experience with our product.",
"thankYouMessage": "Thanks for your feedback!",
"redirectUrl": "https://example.com/thank-you"
},
"questions": [
{
"uuid": "4041f961-328f-4c6d-a5d3-2125a80f1ec5",
"prompt": "Tell us about your experience",
"field_key": "experience",
"response_type": "voice",
"configuration": { "max_duration": 120, "enable_ai_evaluation": true },
"order": 0,
"required": true,
"condition": {},
"enable_dynamic_probing": true,
"fallback_to_text": true,
"evaluator_config": {
"clarity_threshold": 60,
"max_follow_ups": 2,
"custom_fields": ["Summary"]
},
"date_created": "2026-02-22T17:15:55.291121Z",
"date_updated": "2026-02-22T17:15:55.291131Z"
},
{
"uuid": "f4369f61-cdf8-423d-a9d0-5bf74c61761b",
"prompt": "How likely are you to recommend us? (1–10)",
"field_key": "nps_score",
"response_type": "number",
"configuration": { "min": 1, "max": 10, "step": 1 },
"order": 1,
"required": true,
"condition": {},
"enable_dynamic_probing": false,
"fallback_to_text": true,
"evaluator_config": {},
"date_created": "2026-02-22T17:15:55.295912Z",
"date_updated": "2026-02-22T17:15:55.295920Z"
},
{
"uuid": "1eb6072c-0f56-457c-8c12-8a74f51edef7",
"prompt": "What is your email address?",
"field_key": "email_address",
"response_type": "email",
"configuration": {},
"order": 2,
"required": true,
"condition": {},
"enable_dynamic_probing": false,
"fallback_to_text": true,
"evaluator_config": {},
"date_created": "2026-02-22T17:15:55.297838Z",
"date_updated": "2026-02-22T17:15:55.297848Z"
}
],
"response_count": 0,
"public_url": "https://acme-corp.sayify.pro/i/product-feedback-survey",
"date_created": "2026-02-22T17:15:55.289912Z",
"date_updated": "2026-02-22T17:15:55.289922Z"
}`

/** Its questions are elided. */
export const LIST_ANSWER = `[
{
"uuid": "f87ff124-d1ca-4dd2-b440-b9e719931a2b",
"name": "Product Feedback Survey",
"slug": "product-feedback-survey",
"status": "active",
"settings": {
"description": "Tell us about your experience with our product.",
"redirectUrl": "https://example.com/thank-you",
"thankYouMessage": "Thanks for your feedback!"
},
"questions": [ "..." ],
"response_count": 30,
"public_url": "https://acme-corp.sayify.pro/i/product-feedback-survey",
"date_created": "2026-02-17T07:39:11.883452Z",
"date_updated": "2026-02-19T17:06:15.899034Z"
}
]`

export const DELETE_ANSWER = `{
"message": "Feedback link deleted successfully"
}`

export const RESPONSES_ANSWER = `{
"count": 42,
"next": "https://sayify.pro/api/v1/links/{link_uuid}/responses/?page=2",
"previous": null,
"results": [
{
"uuid": "resp-uuid-1",
"session_id": "sess-uuid-1",
"answers": [
{
"uuid": "ans-uuid-1",
"question_text": "Tell us about your experience",
"audio_url": "https://resource.sayify.pro/responses/abc123/audio.mp3",
"transcription": "I really love the voice recording feature!",
"duration": 5.2,
"ai_insights": {
"sentiment": "positive",
"sentiment_score": 0.92,
"actionable": true,
"key_topics": ["voice recording", "product feedback"],
"summary": "User expresses strong satisfaction with voice recording"
}
}
],
"respondent_email": "user@example.com",
"submitted_at": "2026-02-10T13:30:00Z",
"status": "completed"
}
]
}`

/** The same JSON without white space between its parts, its keys in their order. */
export const compact = (json: string) => JSON.stringify(JSON.parse(json))
