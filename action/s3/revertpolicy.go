package s3

import (
	"context"
	"encoding/json"
	"slices"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/fault"
)

var revertSpec = action.Spec{
	Name:  "s3.revert-bucket-policy",
	Title: "Put a bucket policy back",
	Description: "Puts a bucket's policy back to what it was before an event changed it: to what the last earlier event in CloudTrail's history of 90 " +
		"days made it or, where there is none, to what AWS Config recorded; or to the policy that the playbook gives. Where neither tells, where somebody changed the policy since, and " +
		"where it was public before, an event is left to people.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    ` + awscall.EventProperty("PutBucketPolicy", "DeleteBucketPolicy") + `,
    ` + bucketSchema + `,
    "policy": {"type": ["string", "object"], "description": "the policy as JSON, or as JSON in a text; an empty text for none"}
  },
  "oneOf": [{"required": ["event"]}, {"required": ["bucket", "policy"]}]
}`),
	Permissions: slices.Concat([]string{"cloudtrail:LookupEvents"}, awscall.RecordedPermissions, policyPermissions),
	Effect:      action.StateChecked, Evidence: action.EventEvidence,
}

// policyEvents are the calls that change a bucket's policy.
var policyEvents = []string{"PutBucketPolicy", "DeleteBucketPolicy"}

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
		Event  json.RawMessage `json:"event"`
		Bucket string          `json:"bucket"`
		Policy json.RawMessage `json:"policy"`
	}
	if err := req.Check(); err != nil {
		return nil, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return nil, err
	}
	if p.Event != nil {
		return a.planEvent(ctx, req, p.Event)
	}
	name, err := plainName(p.Bucket, req.Region)
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
	item, err := a.back(r, now, after)
	return onePlan(revertSpec.Name, req, item), err
}

// back completes the item that puts the policy back.
func (a *RevertPolicy) back(r action.Resource, now, after string) (action.Item, error) {
	item, err := a.change(action.Item{ID: r.ARN, Resource: r}, now, after)
	switch {
	case item.Status == action.Unneeded:
		item.Reason = "Its policy is as it was before already."
	case after == "":
		item.Reason = "It had no policy before, so its policy is deleted."
	default:
		item.Reason = "Its policy is not what it was before." + warnOf(after)
	}
	return item, err
}

// planEvent plans to take back what the event did, as far as CloudTrail's history tells what was before.
func (a *RevertPolicy) planEvent(ctx context.Context, req action.Request, event json.RawMessage) (*action.Plan, error) {
	e, err := readAccess(event, policyEvents...)
	if err != nil {
		return nil, err
	}
	cfg, err := a.caller.Config(ctx, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	telling := append([]string{"DeleteBucket"}, policyEvents...)
	if req.Region != "us-east-1" { // there, and nowhere else, a bucket can be created again over itself, and keeps its policy
		telling = append(telling, "CreateBucket")
	}
	found, err := leftBefore(ctx, cfg, e, accessRecord.policy, recordedBucket.policy, telling...)
	if err != nil {
		return nil, err
	}
	var before *string // nil: not known
	if found != nil {
		before = *found
	}
	r, now, err := a.look(ctx, e.bucket, req)
	if err != nil {
		return nil, err
	}
	if why := a.leave(e, before, now); why != "" {
		item := action.Item{ID: r.ARN, Resource: r, Status: action.Escalated, Reason: why}
		item.Before, err = newPolicyState(now)
		return onePlan(revertSpec.Name, req, item), err
	}
	after := now // of a call that changed nothing
	if e.Error == "" {
		after = *before
	}
	item, err := a.back(r, now, after)
	if e.Error != "" {
		item.Reason = "The event's call changed nothing."
	}
	return onePlan(revertSpec.Name, req, item), err
}

// leave says why an event is left to people; "" for one that is not.
func (a *RevertPolicy) leave(e accessRecord, before *string, now string) string {
	switch {
	case e.Error != "" || before != nil && resourcepolicy.Equivalent(now, *before):
		return ""
	case e.policy() == nil || !resourcepolicy.Equivalent(now, *e.policy()):
		return "Its policy is not what the event made it. Look at who changed it since, and at whom it lets in now."
	case before == nil:
		return "The event doesn't tell what its policy was before, nor do CloudTrail's history and AWS Config. Look it up in the " +
			"template that made the bucket, and put it back, now."
	case warnOf(*before) != "":
		return "Its policy was public before the event, and is not made so again. Look at whom it lets in now."
	}
	return ""
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
