package s3

import (
	"context"
	"encoding/json"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

var revertSpec = action.Spec{
	Name:  "s3.revert-bucket-policy",
	Title: "Put a bucket policy back",
	Description: "Puts a bucket's policy back to what it was before somebody changed it. The playbook says what that was: a policy, or nothing " +
		"where there was none.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["bucket", "policy"],
  "properties": {
    ` + bucketSchema + `,
    "policy": {"type": ["string", "object"], "description": "the policy as JSON, or as JSON in a text; an empty text for none"}
  }
}`),
	Permissions: policyPermissions,
	Effect:      action.StateChecked,
}

// RevertPolicy is the action s3.revert-bucket-policy.
type RevertPolicy struct{ policies }

var _ action.Action = (*RevertPolicy)(nil)

// NewRevertPolicy returns the action; it reaches accounts through caller.
func NewRevertPolicy(caller *awscall.Caller) action.Action {
	return &RevertPolicy{policies{buckets{caller}, revertSpec.Name}}
}

// Spec describes the action.
func (a *RevertPolicy) Spec() action.Spec { return revertSpec }

// Plan compares the bucket's policy with what it was.
func (a *RevertPolicy) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		Bucket string          `json:"bucket"`
		Policy json.RawMessage `json:"policy"`
	}
	name, err := decode(req, &p, &p.Bucket)
	if err != nil {
		return nil, err
	}
	after, err := earlier(p.Policy)
	if err != nil {
		return nil, err
	}
	r, now, err := a.look(ctx, name, req)
	if err != nil {
		return nil, err
	}
	item := action.Item{ID: r.ARN, Resource: r}
	if item, err = a.change(item, now, after); err != nil {
		return nil, err
	}
	switch {
	case item.Status == action.Unneeded:
		item.Reason = "Its policy is as it was before already."
	case after == "":
		item.Reason = "It had no policy before, so its policy is deleted."
	default:
		item.Reason = "Its policy is not what it was before." + warnOf(after)
	}
	return onePlan(revertSpec.Name, req, item), nil
}

// earlier reads the parameter policy.
func earlier(raw json.RawMessage) (string, error) {
	var text string
	switch {
	case raw == nil, string(raw) == "null":
		return "", fault.New(fault.Invalid, "policy is missing").WithHint(`give the policy as it was before, or "" where there was none`)
	case json.Unmarshal(raw, &text) != nil:
		text = string(raw)
	case text == "":
		return "", nil
	}
	_, err := parsePolicy(text)
	return text, err
}
