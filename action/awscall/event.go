package awscall

import (
	"encoding/json"
	"strings"
)

// EventSchema is the JSON Schema of parameters that are an event and nothing else: see [EventProperty].
func EventSchema(calls ...string) json.RawMessage {
	return json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["event"], "properties": {
  ` + EventProperty(calls...) + `}}`)
}

// EventProperty is the JSON Schema of the parameter event: CloudTrail's record of one of the calls.
func EventProperty(calls ...string) string {
	return `"event": {"type": "object", "required": ["eventName", "requestParameters"], "description": "the event's CloudTrail record ($.detail)",
    "properties": {"eventName": {"enum": ["` + strings.Join(calls, `", "`) + `"]}}}`
}

// EventHint is the next step after an event that is not the record which an action wants.
const EventHint = `give {"event": the call's CloudTrail record}; in a playbook "event.$": "$.detail"`
