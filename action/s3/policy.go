package s3

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/fault"
)

// maxPolicy is the longest policy that S3 takes, in bytes
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html).
const maxPolicy = 20 << 10

// parsePolicy reads a policy that S3 would take: fault.Invalid, or fault.TooLarge.
func parsePolicy(text string) (resourcepolicy.Document, error) {
	if len(text) > maxPolicy {
		return resourcepolicy.Document{}, fault.New(fault.TooLarge, "the policy has %d bytes, over S3's limit of %d", len(text), maxPolicy)
	}
	return resourcepolicy.Parse(text)
}

// policies is what the actions on bucket policies share: they read the policy, write or delete it, and put it back.
type policies struct {
	buckets
	action string // the action's name
}

// policyState is the part of a bucket's state that matters here: its policy, absent where there is none.
type policyState struct {
	Policy json.RawMessage `json:"policy,omitempty"`
	// Text is the policy to the byte, where that is not how encoding/json writes it.
	Text string `json:"text,omitempty"`
}

// newPolicyState returns the state of a bucket with that policy; "" is none.
func newPolicyState(text string) (json.RawMessage, error) {
	var s policyState
	if text != "" {
		s.Policy = json.RawMessage(text)
		plain, err := json.Marshal(s.Policy)
		if err != nil {
			return nil, fault.New(fault.Invalid, "the policy is not JSON: %w", err)
		}
		if string(plain) != text {
			s.Text = text
		}
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fault.New(fault.Internal, "encode a policy: %w", err)
	}
	return raw, nil
}

// policyIn returns the policy's text in a state.
func policyIn(raw json.RawMessage) (string, error) {
	var s policyState
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fault.New(fault.Invalid, "the stored state of a bucket cannot be read: %w", err)
	}
	if s.Text != "" {
		return s.Text, nil
	}
	return string(s.Policy), nil
}

// look finds the bucket and reads its policy.
func (p policies) look(ctx context.Context, name string, req action.Request) (action.Resource, string, error) {
	r, err := p.find(ctx, name, req)
	if err != nil {
		return r, "", err
	}
	now, err := p.read(ctx, r)
	return r, now, err
}

// read returns the bucket's policy, "" where it has none.
func (p policies) read(ctx context.Context, r action.Resource) (string, error) {
	client, err := p.client(ctx, r.Account, r.Region)
	if err != nil {
		return "", err
	}
	out, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if code(err) == "NoSuchBucketPolicy" {
		return "", nil
	}
	if err != nil {
		return "", gone(awscall.Fault(err, "s3:GetBucketPolicy", "read the policy of the bucket %s", r.Name), r)
	}
	return aws.ToString(out.Policy), nil
}

// change completes an item that makes the policy what after says. Where it is that already, nothing is needed.
func (p policies) change(item action.Item, now, after string) (action.Item, error) {
	var err error
	if item.Before, err = newPolicyState(now); err != nil {
		return item, err
	}
	if item.After, err = newPolicyState(after); err != nil {
		return item, err
	}
	if resourcepolicy.Equivalent(now, after) {
		item.Status, item.After = action.Unneeded, item.Before
		return item, nil
	}
	item.Status = action.Change
	input := map[string]any{"Bucket": item.Resource.Name, "ExpectedBucketOwner": item.Resource.Account}
	operation := "DeleteBucketPolicy"
	if after != "" {
		input["Policy"], operation = after, "PutBucketPolicy"
	}
	call, err := newCall(operation, item.Resource, input)
	item.Calls = []action.Call{call}
	return item, err
}

// Apply writes or deletes the policy. Where it is no longer as the plan saw it: fault.Conflict, and nothing is done.
func (p policies) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	before, err := policyIn(item.Before)
	if err != nil {
		return nil, err
	}
	now, err := p.read(ctx, item.Resource)
	if err != nil {
		return nil, err
	}
	if !resourcepolicy.Equivalent(now, before) {
		return nil, fault.New(fault.Conflict, "the policy of the bucket %s was changed after the plan was made", item.Resource.Name).
			WithHint("look at who changed it, and make the plan again")
	}
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		client, err := p.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		switch call.Operation {
		case "PutBucketPolicy":
			err = awscall.Send(ctx, call, client.PutBucketPolicy)
		case "DeleteBucketPolicy":
			err = awscall.Send(ctx, call, client.DeleteBucketPolicy)
		default:
			return fault.New(fault.Invalid, "%s makes no call %s:%s", p.action, call.Service, call.Operation)
		}
		return refused(awscall.Fault(err, "s3:"+call.Operation, "%s on %s", call.Operation, item.Resource.Name), item)
	})
}

// refused adds to a denial that a public policy may be kept out by a block.
func refused(err error, item action.Item) error {
	if fault.CodeOf(err) != fault.Denied {
		return err
	}
	text, stateErr := policyIn(item.After)
	if d, parseErr := parsePolicy(text); stateErr == nil && parseErr == nil {
		if indexes, _, err2 := d.Public(); err2 == nil && len(indexes) > 0 {
			denied := fault.New(fault.Denied, "%s", fault.Message(err)).
				WithHint("the policy is public: see whether BlockPublicPolicy of the bucket, the account or the organisation keeps it out; else %s", fault.Hint(err))
			denied.Err = err
			return denied
		}
	}
	return err
}

// Verify looks whether the policy says what item.After says.
func (p policies) Verify(ctx context.Context, item action.Item) error {
	after, err := policyIn(item.After)
	if err != nil {
		return err
	}
	now, err := p.read(ctx, item.Resource)
	if err != nil {
		return err
	}
	if !resourcepolicy.Equivalent(now, after) {
		return action.ErrNotYet
	}
	return nil
}

// Undo plans to put the policy back to the text that it had. Where somebody changed it since, or the bucket is gone, that is
// a conflict.
func (p policies) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r}
	plan := func(item action.Item) *action.Plan {
		return onePlan(p.action, action.Request{Account: r.Account, Region: r.Region}, item)
	}
	before, err := policyIn(applied.Before)
	if err != nil {
		return nil, err
	}
	after, err := policyIn(applied.After)
	if err != nil {
		return nil, err
	}
	now, err := p.read(ctx, r)
	if fault.CodeOf(err) == fault.NotFound {
		undo.Status, undo.Reason = action.Conflict, "The bucket was deleted since."
		return plan(undo), nil
	}
	if err != nil {
		return nil, err
	}
	if !resourcepolicy.Equivalent(now, after) && !resourcepolicy.Equivalent(now, before) {
		undo.Status, undo.Reason = action.Conflict, "Somebody changed the policy since, so it is left as it is."
		undo.Before, err = newPolicyState(now)
		return plan(undo), err
	}
	if undo, err = p.change(undo, now, before); err != nil {
		return nil, err
	}
	undo.Reason = "The policy is as it was before already."
	if undo.Status == action.Change {
		undo.Reason = "Puts the policy back to what it was before." + warnOf(before)
	}
	return plan(undo), nil
}

// warnOf says which statements of a policy that is put back are public.
func warnOf(text string) string {
	d, err := parsePolicy(text)
	if err != nil {
		return ""
	}
	if _, found, err := d.Public(); err == nil && len(found) > 0 {
		return fmt.Sprintf(" It is public by %s.", resourcepolicy.List(found))
	}
	return ""
}
