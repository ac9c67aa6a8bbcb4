package s3

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// accessList is the access list (ACL) of a bucket.
type accessList struct {
	Owner  string  `json:"owner"`
	Grants []grant `json:"grants"` // sorted
}

// grant is what somebody may do, as an access list says it.
type grant struct {
	Type       types.Type       `json:"type"`
	ID         string           `json:"id,omitempty"`
	URI        string           `json:"uri,omitempty"` // of a group
	Permission types.Permission `json:"permission"`
}

// The groups that are the public
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups).
const (
	everybodyGroup  = "http://acs.amazonaws.com/groups/global/AllUsers"
	anyAccountGroup = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
)

// logDeliveryGroup is what writes access logs.
const logDeliveryGroup = "http://acs.amazonaws.com/groups/s3/LogDelivery"

func (g grant) public() bool { return g.URI == everybodyGroup || g.URI == anyAccountGroup }

// String names the grant for people: "READ for AllUsers".
func (g grant) String() string {
	return string(g.Permission) + " for " + g.URI[strings.LastIndexByte(g.URI, '/')+1:]
}

func (g grant) compare(other grant) int {
	return cmp.Or(cmp.Compare(g.Type, other.Type), cmp.Compare(g.ID, other.ID), cmp.Compare(g.URI, other.URI), cmp.Compare(g.Permission, other.Permission))
}

// policy is the list as PutBucketAcl takes it.
func (l accessList) policy() map[string]any {
	grants := make([]any, len(l.Grants))
	for i, g := range l.Grants {
		grantee := map[string]any{"Type": g.Type}
		if g.ID != "" {
			grantee["ID"] = g.ID
		}
		if g.URI != "" {
			grantee["URI"] = g.URI
		}
		grants[i] = map[string]any{"Grantee": grantee, "Permission": g.Permission}
	}
	return map[string]any{"Owner": map[string]string{"ID": l.Owner}, "Grants": grants}
}

// NewMakeACLPrivate returns the action s3.make-acl-private; it reaches accounts through caller.
func NewMakeACLPrivate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[bucketParams, accessList]{
		Spec: action.Spec{
			Name:  "s3.make-acl-private",
			Title: "Take the public out of a bucket's access list",
			Description: "Removes from a bucket's access list (ACL) what everybody, or everybody with an AWS account, is granted. What is granted to " +
				"accounts and to S3's log delivery stays. Access lists of objects, and the policy, are not looked at: s3.block-public-access " +
				"closes those too.",
			Parameters:  bucketParamsSchema,
			Permissions: append([]string{"s3:GetBucketAcl", "s3:PutBucketAcl"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findBucket[bucketParams](caller),
		Read: readAccessList,
		Want: func(_ action.Resource, _ bucketParams, now accessList) (accessList, string, error) {
			want, public := accessList{Owner: now.Owner, Grants: []grant{}}, []string{}
			for _, g := range now.Grants {
				if g.public() {
					public = append(public, g.String())
				} else {
					want.Grants = append(want.Grants, g)
				}
			}
			if len(public) == 0 {
				return now, "Its access list grants the public nothing.", nil
			}
			return want, "Its access list grants " + strings.Join(public, ", ") + ".", nil
		},
		Steps: func(r action.Resource, _, to accessList) ([]setting.Step[accessList], error) {
			return oneStep(r, "PutBucketAcl", map[string]any{"AccessControlPolicy": to.policy()}, to), nil
		},
		Operations: map[string]setting.Operation{"PutBucketAcl": setting.Op(newClient, (*s3.Client).PutBucketAcl)},
	})
}

func readAccessList(ctx context.Context, cfg aws.Config, r action.Resource) (accessList, error) {
	out, err := newClient(cfg).GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if err != nil {
		return accessList{}, gone(awscall.Fault(err, "s3:GetBucketAcl", "read the access list of the bucket %s", r.Name), r)
	}
	now := accessList{Grants: []grant{}}
	if out.Owner != nil {
		now.Owner = aws.ToString(out.Owner.ID)
	}
	for _, g := range out.Grants {
		if g.Grantee == nil {
			continue
		}
		now.Grants = append(now.Grants, grant{g.Grantee.Type, aws.ToString(g.Grantee.ID), aws.ToString(g.Grantee.URI), g.Permission})
	}
	slices.SortFunc(now.Grants, grant.compare)
	return now, nil
}
