package s3

import (
	"context"
	"encoding/json"
	"fmt"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
)

// policyPermissions are what the actions on policies take
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html).
var policyPermissions = []string{
	"s3:GetBucketTagging", "s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy",
}

var removeSpec = action.Spec{
	Name:  "s3.remove-public-statements",
	Title: "Remove what makes a bucket policy public",
	Description: "Removes from a bucket's policy exactly the statements that S3 calls public: they allow something to everybody, without a " +
		"condition that holds for fixed values only. The rest stays as it is, to the byte; where nothing is left the policy is deleted. " +
		"Access lists (ACLs) and access points are not looked at: s3.block-public-access closes them too.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["bucket"],
  "properties": {` + bucketSchema + `}
}`),
	Permissions: policyPermissions,
	Effect:      action.StateChecked,
}

// RemovePublicStatements is the action s3.remove-public-statements.
type RemovePublicStatements struct{ policies }

var _ action.Action = (*RemovePublicStatements)(nil)

// NewRemovePublicStatements returns the action; it reaches accounts through caller.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return &RemovePublicStatements{policies{buckets{caller}, removeSpec.Name}}
}

// Spec describes the action.
func (a *RemovePublicStatements) Spec() action.Spec { return removeSpec }

// Plan looks at the bucket's policy.
func (a *RemovePublicStatements) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		Bucket string `json:"bucket"`
	}
	name, err := decode(req, &p, &p.Bucket)
	if err != nil {
		return nil, err
	}
	r, now, err := a.look(ctx, name, req)
	if err != nil {
		return nil, err
	}
	item, after := action.Item{ID: r.ARN, Resource: r, Reason: "It has no policy."}, now
	if now != "" {
		d, err := parsePolicy(now)
		if err != nil {
			return nil, err
		}
		indexes, found, err := d.Public()
		if err != nil {
			return nil, err
		}
		item.Reason = "No statement of its policy is public."
		if len(found) > 0 {
			after = d.Without(indexes)
			item.Reason = fmt.Sprintf("Its policy lets everybody in by %s.", resourcepolicy.List(found))
			if after == "" {
				item.Reason += " Nothing else is in it, so it is deleted."
			}
		}
	}
	if item, err = a.change(item, now, after); err != nil {
		return nil, err
	}
	return onePlan(removeSpec.Name, req, item), nil
}
