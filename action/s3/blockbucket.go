package s3

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

var blockBucketSpec = action.Spec{
	Name:  "s3.block-public-access",
	Title: "Block public access to a bucket",
	Description: "Switches all four settings of Block Public Access on for a bucket: public access lists and policies are refused and have no " +
		"effect. Nothing is deleted. A website or download area that is meant for everybody is closed too.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["bucket"],
  "properties": {` + bucketSchema + `}
}`),
	// PutBucketPublicAccessBlock is for deleting the settings, too.
	Permissions: []string{"s3:GetBucketTagging", "s3:GetBucketLocation", "s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
	Effect:      action.StateChecked,
}

// BlockBucket is the action s3.block-public-access.
type BlockBucket struct{ buckets }

var _ action.Action = (*BlockBucket)(nil)

// NewBlockBucket returns the action; it reaches accounts through caller.
func NewBlockBucket(caller *awscall.Caller) action.Action { return &BlockBucket{buckets{caller}} }

// Spec describes the action.
func (a *BlockBucket) Spec() action.Spec { return blockBucketSpec }

// Plan looks at the bucket's settings.
func (a *BlockBucket) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		Bucket string `json:"bucket"`
	}
	name, err := decode(req, &p, &p.Bucket)
	if err != nil {
		return nil, err
	}
	r, err := a.find(ctx, name, req)
	if err != nil {
		return nil, err
	}
	now, err := a.read(ctx, r)
	if err != nil {
		return nil, err
	}
	item, err := planBlock(action.Item{ID: r.ARN, Resource: r}, now, ofBucket(r))
	return onePlan(blockBucketSpec.Name, req, item), err
}

// ofBucket begins the input of a call about the bucket.
func ofBucket(r action.Resource) map[string]any {
	return map[string]any{"Bucket": r.Name, "ExpectedBucketOwner": r.Account}
}

func (a *BlockBucket) read(ctx context.Context, r action.Resource) (blockState, error) {
	client, err := a.client(ctx, r.Account, r.Region)
	if err != nil {
		return blockState{}, err
	}
	out, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if code(err) == "NoSuchPublicAccessBlockConfiguration" {
		return blockState{}, nil
	}
	if err != nil {
		return blockState{}, gone(awscall.Fault(err, "s3:GetBucketPublicAccessBlock", "read the public access block of the bucket %s", r.Name), r)
	}
	c := out.PublicAccessBlockConfiguration
	return newFlags(c.BlockPublicAcls, c.IgnorePublicAcls, c.BlockPublicPolicy, c.RestrictPublicBuckets), nil
}

// Apply switches the settings on, or back to undo. Where they are no longer as the plan saw them: fault.Conflict, and
// nothing is done.
func (a *BlockBucket) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return applyBlock(ctx, item, a.read, func(ctx context.Context, call action.Call) error {
		client, err := a.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		switch call.Operation {
		case "PutPublicAccessBlock":
			err = awscall.Send(ctx, call, client.PutPublicAccessBlock)
		case "DeletePublicAccessBlock":
			err = awscall.Send(ctx, call, client.DeletePublicAccessBlock)
		default:
			return fault.New(fault.Invalid, "%s makes no call %s:%s", blockBucketSpec.Name, call.Service, call.Operation)
		}
		return awscall.Fault(err, "s3:PutBucketPublicAccessBlock", "change the public access block of the bucket %s", item.Resource.Name)
	})
}

// Verify looks whether the settings are as planned.
func (a *BlockBucket) Verify(ctx context.Context, item action.Item) error {
	return verifyBlock(ctx, item, a.read)
}

// Undo plans to put the old settings back, or to delete them where there were none. Where somebody changed them since, or the
// bucket is gone, that is a conflict.
func (a *BlockBucket) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	r := applied.Resource
	req := action.Request{Account: r.Account, Region: r.Region}
	now, err := a.read(ctx, r)
	if fault.CodeOf(err) == fault.NotFound {
		return onePlan(blockBucketSpec.Name, req, action.Item{
			ID: applied.ID, Resource: r, Status: action.Conflict, Reason: "The bucket was deleted since.",
		}), nil
	}
	if err != nil {
		return nil, err
	}
	item, err := undoBlock(applied, now, ofBucket(r))
	return onePlan(blockBucketSpec.Name, req, item), err
}
