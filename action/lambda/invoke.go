package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
	"riposte.dev/notify"
)

type invoke struct{ caller *awscall.Caller }

var _ action.Action = invoke{}

const whatItDid = "riposte does not know what the function did"

// NewInvoke returns the action lambda.invoke.
func NewInvoke(caller *awscall.Caller) action.Action { return invoke{caller} }

// Spec describes the action.
func (invoke) Spec() action.Spec {
	return action.Spec{
		Name:  "lambda.invoke",
		Title: "Invoke a function",
		Description: "Invokes a function of yours in the account and region of the event and waits for its answer, of at most 64 KiB, which the playbook " +
			"gets. After a crash it may be invoked twice: the client context has `riposte_effect` among its custom members, the same both times.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["function"], "properties": {
    "function": {"type": "string", "minLength": 1, "description": "name or ARN of the function, without a version or alias"},
    "payload": {"description": "any JSON that it gets as its event"}}}`),
		Permissions: append([]string{"lambda:InvokeFunction"}, findPermissions...),
		Effect:      action.AtLeastOnce, Evidence: action.EventEvidence, Irreversible: whatItDid, Outside: true,
	}
}

// invocation is the planned call, as Lambda names its members; the payload is the JSON itself.
type invocation struct {
	FunctionName   string
	InvocationType types.InvocationType
	ClientContext  string
	Payload        json.RawMessage `json:",omitempty"`
}

// Plan looks whether the function is there.
func (a invoke) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	var p struct {
		Function string          `json:"function"`
		Payload  json.RawMessage `json:"payload"`
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return nil, err
	}
	cfg, err := a.caller.Config(ctx, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	resources, err := findFunction(ctx, cfg, req, functionParams{p.Function})
	if err != nil {
		return nil, err
	}
	custom, err := json.Marshal(map[string]any{"custom": map[string]string{"riposte_effect": action.EffectID(req)}})
	if err != nil {
		return nil, fault.New(fault.Internal, "write the client context: %w", err)
	}
	r := resources[0]
	input, err := json.Marshal(invocation{r.ARN, types.InvocationTypeRequestResponse, base64.StdEncoding.EncodeToString(custom), p.Payload})
	if err != nil {
		return nil, fault.New(fault.Invalid, "the payload can't be sent: %w", err)
	}
	item := action.Item{
		ID: r.ARN, Resource: r, Status: action.Change, Reason: "The playbook asks for it.", Before: json.RawMessage(`{"invoked":false}`), After: json.RawMessage(`{"invoked":true}`),
		Calls: []action.Call{{Service: "lambda", Operation: "Invoke", Account: r.Account, Region: r.Region, Input: input}},
	}
	return &action.Plan{Action: "lambda.invoke", Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// Apply invokes the function. One that failed is fault.Invalid with what it said.
func (a invoke) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	var output json.RawMessage
	receipts, err := action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		var in invocation
		if err := json.Unmarshal(call.Input, &in); err != nil || call.Service != "lambda" || call.Operation != "Invoke" {
			return fault.New(fault.Invalid, "the planned call %s:%s can't be made", call.Service, call.Operation).WithHint("make the plan again")
		}
		cfg, err := a.caller.Config(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		out, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{
			FunctionName: &in.FunctionName, InvocationType: in.InvocationType, ClientContext: &in.ClientContext, Payload: in.Payload,
		})
		if err != nil {
			return awscall.Fault(err, "lambda:InvokeFunction", "invoke the function %s", item.Resource.Name)
		}
		output, err = answered(item.Resource.Name, out)
		return err
	})
	if n := len(receipts); n > 0 {
		receipts[n-1].Output = output
		if err != nil && receipts[n-1].Error == "" {
			receipts[n-1].Said = fault.Message(err)
		}
	}
	return receipts, err
}

// answered reads what the function gave.
func answered(name string, out *lambda.InvokeOutput) (json.RawMessage, error) {
	payload := bytes.TrimSpace(out.Payload)
	switch {
	case aws.ToString(out.FunctionError) != "":
		text := notify.ASCII(notify.Redact(string(payload)))
		return nil, fault.New(fault.Invalid, "the function %s failed (%s): %s", name, *out.FunctionError, text[:min(len(text), 500)]).
			WithHint("look into its log; what it did until then stays")
	case len(payload) > action.MaxOutput:
		return nil, fault.New(fault.TooLarge, "the function %s ran, and answered with more than %d bytes", name, action.MaxOutput).
			WithHint("let it keep what is large in S3, and answer with the key")
	case len(payload) == 0 || !json.Valid(payload):
		return nil, nil
	}
	return notify.RedactJSON(payload) // it is journaled
}

// Verify goes by the function's answer.
func (invoke) Verify(_ context.Context, item action.Item) error { return action.Answered(item) }

// Undo says why there is none.
func (invoke) Undo(context.Context, action.Item) (*action.Plan, error) {
	return nil, fault.New(fault.Invalid, "lambda.invoke can't be undone: %s", whatItDid).WithHint("invoke a function that takes it back")
}
