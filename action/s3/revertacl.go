package s3

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// aclEventParams are the event, with what was found out beside it.
type aclEventParams struct {
	Event  json.RawMessage `json:"event"`
	before []grant         // what the last earlier event left; nil: not known
}

// NewRevertACL returns the action s3.revert-acl; it reaches accounts through caller.
func NewRevertACL(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[aclEventParams, accessList]{
		Spec: action.Spec{
			Name:  "s3.revert-acl",
			Title: "Take back what an event did to a bucket's access list",
			Description: "Puts a bucket's access list (ACL) back to what the last earlier event in CloudTrail's history of 90 days made it, a change of the " +
				"list or the bucket's creation, or, where there is none, to what AWS Config recorded. Where neither tells, " +
				"where somebody changed the list since, and where the public was in it before, that is left to people. What was read meanwhile was read.",
			Parameters:  awscall.EventSchema("PutBucketAcl"),
			Permissions: slices.Concat([]string{"s3:GetBucketAcl", "s3:PutBucketAcl", "cloudtrail:LookupEvents"}, awscall.RecordedPermissions, findPermissions),
			Effect:      action.StateChecked, Evidence: action.EventEvidence,
		},
		Complete: func(ctx context.Context, cfg aws.Config, _ action.Request, p aclEventParams) (aclEventParams, error) {
			r, err := readAccess(p.Event, "PutBucketAcl")
			if err != nil {
				return p, err
			}
			before, err := leftBefore(ctx, cfg, r, accessRecord.grants, recordedBucket.grants, "PutBucketAcl", "CreateBucket")
			if before != nil {
				p.before = *before
			}
			return p, err
		},
		Find: func(ctx context.Context, _ aws.Config, req action.Request, p aclEventParams) ([]action.Resource, error) {
			r, err := readAccess(p.Event, "PutBucketAcl")
			if err != nil {
				return nil, err
			}
			bucket, err := buckets{caller}.find(ctx, r.bucket, req)
			return []action.Resource{bucket}, err
		},
		Read: readAccessList,
		Want: wantListBefore,
		Steps: func(r action.Resource, _, to accessList) ([]setting.Step[accessList], error) {
			return oneStep(r, "PutBucketAcl", map[string]any{"AccessControlPolicy": to.policy()}, to), nil
		},
		Operations: map[string]setting.Operation{"PutBucketAcl": setting.Op(newClient, (*s3.Client).PutBucketAcl)},
	})
}

func wantListBefore(_ action.Resource, p aclEventParams, now accessList) (accessList, string, error) {
	r, err := readAccess(p.Event, "PutBucketAcl")
	if err != nil {
		return now, "", err
	}
	before, left := listed(p.before, now.Owner), listed(r.grants(), now.Owner)
	switch {
	case r.Error != "":
		return now, "The event's call changed nothing.", nil
	case p.before != nil && slices.Equal(before.Grants, now.Grants):
		return now, "Its access list is as it was before the event already.", nil
	case !slices.Equal(left.Grants, now.Grants):
		return now, "", setting.Escalation("Its access list is not what the event made it. Look at who changed it since, and at who is in it now.")
	case p.before == nil:
		return now, "", setting.Escalation("The event doesn't tell what its access list was before, nor do CloudTrail's history and AWS Config. " +
			"Look at whom it lets in, or make the list private, now.")
	case slices.ContainsFunc(before.Grants, grant.public):
		return now, "", setting.Escalation("The public was in its access list before the event, and is not let in again. Look at who may use the bucket now.")
	}
	return before, "The event's call changed its access list; what that was before, the history tells.", nil
}
