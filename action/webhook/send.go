// Package webhook has the action that tells a webhook of the configuration what a playbook wants to say.
package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/notify"
)

// Poster posts to one receiver. The id is the same whenever the same is posted again. Errors are those of
// notify/webhook.Channel.Post.
type Poster interface {
	Post(ctx context.Context, id string, data json.RawMessage) error
}

const (
	service   = "webhook"
	operation = "Post"
	arnPrefix = "arn:riposte:webhook:::"
)

type send struct {
	posters map[string]Poster
	now     func() time.Time
}

var _ action.Action = send{}

// NewSend returns the action webhook.send, for the webhooks of the configuration by name.
func NewSend(posters map[string]Poster, now func() time.Time) action.Action {
	return send{posters, now}
}

const sentAlready = "the receiver has it"

// Spec describes the action.
func (send) Spec() action.Spec {
	return action.Spec{
		Name:  "webhook.send",
		Title: "Tell a webhook",
		Description: "Posts data to a webhook of the configuration (notify.webhooks), signed as Standard Webhooks has it. What looks like a secret is " +
			"removed. After a crash it may be posted twice, under the same webhook-id.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["webhook", "data"], "properties": {
    "webhook": {"type": "string", "minLength": 1, "description": "name of the webhook in the configuration; never a URL"},
    "data": {"type": "object", "description": "what to post, as the member data of the body"}}}`),
		Effect: action.AtLeastOnce, Irreversible: sentAlready, Outside: true,
	}
}

// body is the planned call.
type body struct {
	Webhook string          `json:"webhook"`
	ID      string          `json:"id,omitempty"`
	Data    json.RawMessage `json:"data"`
}

// Plan shows what would be posted.
func (a send) Plan(_ context.Context, req action.Request) (*action.Plan, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	var p struct {
		Webhook string          `json:"webhook"`
		Data    json.RawMessage `json:"data"`
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return nil, err
	}
	if p.Webhook == "" || !strings.HasPrefix(strings.TrimSpace(string(p.Data)), "{") {
		return nil, fault.New(fault.Invalid, "the webhook or the data, an object, is missing").WithHint(`give {"webhook": "soc", "data": {"trail": "audit"}}`)
	}
	if a.posters[p.Webhook] == nil {
		return nil, fault.New(fault.NotFound, "there is no webhook %q", p.Webhook).
			WithHint("name one under notify.webhooks; the configuration has %s", cmp.Or(strings.Join(slices.Sorted(maps.Keys(a.posters)), ", "), "none"))
	}
	data, err := notify.RedactJSON(p.Data)
	if err != nil {
		return nil, err
	}
	input, err := json.Marshal(body{p.Webhook, action.EffectID(req), data})
	if err != nil {
		return nil, fault.New(fault.Invalid, "the data can't be posted: %w", err)
	}
	item := action.Item{
		ID: arnPrefix + p.Webhook, Status: action.Change, Reason: "It is to be told.", Before: json.RawMessage(`{"sent":false}`), After: json.RawMessage(`{"sent":true}`),
		Resource: action.Resource{Type: "Riposte::Webhook", ARN: arnPrefix + p.Webhook, Name: p.Webhook, Account: req.Account, Region: req.Region},
		Calls:    []action.Call{{Service: service, Operation: operation, Account: req.Account, Region: req.Region, Input: input}},
	}
	return &action.Plan{Action: "webhook.send", Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// Apply posts.
func (a send) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		var in body
		if err := json.Unmarshal(call.Input, &in); err != nil || call.Service != service || call.Operation != operation || a.posters[in.Webhook] == nil {
			return fault.New(fault.Invalid, "the planned call %s:%s can't be made", call.Service, call.Operation).WithHint("make the plan again")
		}
		receipt := action.Receipt{Service: service, Operation: operation, Region: call.Region, At: a.now().UTC()}
		err := a.posters[in.Webhook].Post(ctx, in.ID, in.Data)
		switch code := fault.CodeOf(err); {
		case err == nil:
			receipt.RequestID = in.ID
		case code == fault.Timeout || code == fault.Unavailable: // it may have arrived all the same
			receipt.Error = err.Error()
		default:
			receipt.RequestID, receipt.Error = in.ID, err.Error()
		}
		action.Note(ctx, receipt)
		return err
	})
}

// Verify goes by the receiver's answer.
func (send) Verify(_ context.Context, item action.Item) error { return action.Answered(item) }

// Undo says why there is none.
func (send) Undo(context.Context, action.Item) (*action.Plan, error) {
	return nil, fault.New(fault.Invalid, "webhook.send can't be undone: %s", sentAlready).WithHint("send the receiver what is true now")
}
