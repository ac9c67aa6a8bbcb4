package s3_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/s3"
	"riposte.dev/fault"
)

func TestOnlyPublicStatementsAreRemoved(t *testing.T) {
	c := newCloud(t, other)
	c.put(policy(partner, everybody, plainHTTP))
	a := c.Action(s3.NewRemovePublicStatements)
	item := c.Item(a, ofBucket)
	actiontest.Want(t, item, action.Change, `lets everybody in by statement 2 "PublicRead" (s3:GetObject).`)
	if r := item.Resource; r.ARN != "arn:aws:s3:::"+bucket || r.Region != other || r.Tags["team"] != "web" || r.Account != account {
		t.Errorf("the resource is %+v, want it with its own region and its tags", r)
	}
	var input struct{ Bucket, ExpectedBucketOwner, Policy string }
	if err := json.Unmarshal(item.Calls[0].Input, &input); err != nil || input.Policy != policy(partner, plainHTTP) || input.ExpectedBucketOwner != account {
		t.Errorf("the call is %+v, %v", input, err)
	}
	c.Do(a, item)
	if got := c.policy(); got != policy(partner, plainHTTP) {
		t.Errorf("the policy is %q", got)
	}
	actiontest.Want(t, c.Item(a, ofBucket), action.Unneeded, "No statement of its policy is public")
	c.Do(a, c.Undo(a, item))
	if got := c.policy(); got != policy(partner, everybody, plainHTTP) {
		t.Errorf("the policy became %q", got)
	}
}

func TestABucketWithoutAPolicy(t *testing.T) {
	c := newCloud(t, region)
	actiontest.Want(t, c.Item(c.Action(s3.NewRemovePublicStatements), actiontest.Request(`{"bucket":"arn:aws:s3:::`+bucket+`"}`)), action.Unneeded, "has no policy")
}

func TestAPolicyThatChangesAfterThePlan(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(everybody))
	a := c.Action(s3.NewRemovePublicStatements)
	item := c.Item(a, ofBucket)
	c.put(policy(everybody, partner))
	receipts, err := a.Apply(t.Context(), item)
	if fault.CodeOf(err) != fault.Conflict || fault.Hint(err) == "" || len(receipts) > 0 {
		t.Errorf("apply: %v after %d calls, want a conflict without any", err, len(receipts))
	}
	if got := c.policy(); got != policy(everybody, partner) {
		t.Errorf("the policy became %q", got)
	}
}

func TestUndoWhatABlockKeepsOut(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(everybody))
	a := c.Action(s3.NewRemovePublicStatements)
	item := c.Item(a, ofBucket)
	c.Do(a, item)
	accounts{c}.block(controltypes.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)})
	undo := c.Undo(a, item)
	actiontest.Want(t, undo, action.Change, `It is public by statement 1 "PublicRead"`)
	if _, err := a.Apply(t.Context(), undo); fault.CodeOf(err) != fault.Denied || !strings.Contains(fault.Hint(err), "BlockPublicPolicy") {
		t.Errorf("apply: %v, want denied with the block as the next step", err)
	}
	c.put(policy(partner))
	actiontest.Want(t, c.Undo(a, item), action.Conflict, "Somebody changed the policy since")
}

func TestUndoOfABucketThatIsGone(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(everybody))
	removed, blocked := c.Item(c.Action(s3.NewRemovePublicStatements), ofBucket), c.Item(c.Action(s3.NewBlockBucket), ofBucket)
	c.deleteBucket()
	actiontest.Want(t, c.Undo(c.Action(s3.NewRemovePublicStatements), removed), action.Conflict, "deleted since")
	actiontest.Want(t, c.Undo(c.Action(s3.NewBlockBucket), blocked), action.Conflict, "deleted since")
}

func TestRevertSaysWhatItPutsBack(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(partner))
	actiontest.Want(t, c.Plan(s3.NewRevertPolicy, backTo(policy(everybody))), action.Change, `not what it was before. It is public by statement 1 "PublicRead"`)
	actiontest.Want(t, c.Plan(s3.NewRevertPolicy, backTo("")), action.Change, "had no policy before")
	actiontest.Want(t, c.Plan(s3.NewRevertPolicy, backTo(policy(partner))), action.Unneeded, "as it was before already")
	asObject := actiontest.Request(`{"bucket":"` + bucket + `","policy":{"Version":"2012-10-17","Statement":` + partner + `}}`)
	actiontest.Want(t, c.Item(c.Action(s3.NewRevertPolicy), asObject), action.Unneeded, "as it was before already")
}

func TestRevertRefusesWhatIsNoPolicy(t *testing.T) {
	c := newCloud(t, region)
	before := len(c.Calls())
	for params, says := range map[string]string{
		`{"bucket":"` + bucket + `"}`:                   "policy is missing",
		`{"bucket":"` + bucket + `","policy":null}`:     "policy is missing",
		`{"bucket":"` + bucket + `","policy":"public"}`: "not a JSON object with statements",
		`{"bucket":"` + bucket + `","policy":[]}`:       "not a JSON object with statements",
		`{"bucket":"s3://shared","policy":""}`:          "neither the name nor the ARN",
	} {
		_, err := c.Action(s3.NewRevertPolicy).Plan(t.Context(), actiontest.Request(params))
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want invalid that says %q", params, err, says)
		}
	}
	if n := len(c.Calls()) - before; n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// Even where the bucket's policy lets riposte in from the other account.
func TestAnotherAccountsBucketIsLeftAlone(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(everybody, `{"Effect":"Allow","Principal":{"AWS":"`+actiontest.Management+`"},"Action":"s3:*","Resource":"arn:aws:s3:::shared-files"}`))
	req := ofBucket
	req.Account = actiontest.Management
	for _, a := range []action.Action{c.Action(s3.NewRemovePublicStatements), c.Action(s3.NewBlockBucket)} {
		if _, err := a.Plan(t.Context(), req); fault.CodeOf(err) != fault.Denied {
			t.Errorf("plan %s: %v, want denied", a.Spec().Name, err)
		}
	}
}

func TestABucketThatIsDeletedAfterThePlan(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(everybody))
	removed, blocked := c.Item(c.Action(s3.NewRemovePublicStatements), ofBucket), c.Item(c.Action(s3.NewBlockBucket), ofBucket)
	c.deleteBucket()
	for _, apply := range []func() ([]action.Receipt, error){
		func() ([]action.Receipt, error) {
			return c.Action(s3.NewRemovePublicStatements).Apply(t.Context(), removed)
		},
		func() ([]action.Receipt, error) { return c.Action(s3.NewBlockBucket).Apply(t.Context(), blocked) },
	} {
		if _, err := apply(); fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
			t.Errorf("apply: %v, want not found with a next step", err)
		}
	}
}

func TestABlockThatChangesAfterThePlan(t *testing.T) {
	c := newCloud(t, region)
	c.block(types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)})
	bucketAction, accountAction := c.Action(s3.NewBlockBucket), c.Action(s3.NewBlockAccount)
	ofBucket, ofAccount := c.Item(bucketAction, ofBucket), c.Item(accountAction, actiontest.Request(`{}`))
	actiontest.Want(t, ofBucket, action.Change, "are off: IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets.")
	actiontest.Want(t, ofAccount, action.Change, "are off: all four settings.")
	c.block(types.PublicAccessBlockConfiguration{IgnorePublicAcls: aws.Bool(true)})
	accounts{c}.block(controltypes.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)})
	for _, apply := range []func() ([]action.Receipt, error){
		func() ([]action.Receipt, error) { return bucketAction.Apply(t.Context(), ofBucket) },
		func() ([]action.Receipt, error) { return accountAction.Apply(t.Context(), ofAccount) },
	} {
		if receipts, err := apply(); fault.CodeOf(err) != fault.Conflict || fault.Hint(err) == "" || len(receipts) > 0 {
			t.Errorf("apply: %v after %d calls, want a conflict without any", err, len(receipts))
		}
	}
}

// A block keeps strangers out at once, and public policies from then on.
func TestWhatABlockDoes(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(everybody))
	c.Do(c.Action(s3.NewBlockBucket), c.Item(c.Action(s3.NewBlockBucket), ofBucket))
	text := policy(everybody)
	_, err := c.client.PutBucketPolicy(t.Context(), &sdk.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: &text})
	if !is(err, "AccessDenied") {
		t.Errorf("a public policy: %v, want it refused", err)
	}
}

func TestApplyMakesNoOtherCalls(t *testing.T) {
	c := newCloud(t, region)
	c.put(policy(everybody))
	for _, tt := range []struct {
		action action.Action
		req    action.Request
	}{{c.Action(s3.NewRemovePublicStatements), ofBucket}, {c.Action(s3.NewBlockBucket), ofBucket}, {c.Action(s3.NewBlockAccount), actiontest.Request(`{}`)}} {
		item := c.Item(tt.action, tt.req)
		item.Calls[0].Operation = "DeleteBucket"
		if _, err := tt.action.Apply(t.Context(), item); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", tt.action.Spec().Name, err)
		}
	}
}
