package s3

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/fault"
)

// recordedBucket is what AWS Config has recorded of a bucket beside its name: each part as JSON in a text.
type recordedBucket map[string]string

// policy is the bucket's policy, "" for none; nil where that was not recorded.
func (b recordedBucket) policy() (*string, error) {
	var part struct {
		Text *string `json:"policyText"`
	}
	text, ok := b["BucketPolicy"]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &part); err != nil {
		return nil, fault.New(fault.Internal, "the policy that AWS Config has recorded can't be read: %w", err)
	}
	if part.Text == nil {
		part.Text = new(string)
	}
	return part.Text, nil
}

// recordedGroups are the groups of S3 as AWS Config calls them.
var recordedGroups = map[string]string{"AllUsers": everybodyGroup, "AuthenticatedUsers": anyAccountGroup, "LogDelivery": logDeliveryGroup}

// recordedPermissions are those of access lists as AWS Config calls them.
var recordedPermissions = map[string]types.Permission{
	"FullControl": types.PermissionFullControl, "Read": types.PermissionRead, "Write": types.PermissionWrite,
	"ReadAcp": types.PermissionReadAcp, "WriteAcp": types.PermissionWriteAcp,
}

// grants are those of the bucket's access list; nil where that was not recorded, or in words that are not known.
func (b recordedBucket) grants() ([]grant, error) {
	text, ok := b["AccessControlList"]
	if !ok {
		return nil, nil
	}
	var inner string
	if strings.HasPrefix(text, `"`) && json.Unmarshal([]byte(text), &inner) == nil { // a text once more
		text = inner
	}
	var list struct {
		Grants []struct {
			Grantee    json.RawMessage `json:"grantee"`
			Permission string          `json:"permission"`
		} `json:"grantList"`
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fault.New(fault.Internal, "the access list that AWS Config has recorded can't be read: %w", err)
	}
	grants := []grant{}
	for _, g := range list.Grants {
		var group string
		var user struct {
			ID string `json:"id"`
		}
		permission, known := recordedPermissions[g.Permission]
		to := grant{types.TypeGroup, "", "", permission}
		if json.Unmarshal(g.Grantee, &group) == nil {
			to.URI = recordedGroups[group]
		} else if json.Unmarshal(g.Grantee, &user) == nil {
			to.Type, to.ID = types.TypeCanonicalUser, user.ID
		}
		if !known || to.ID == "" && to.URI == "" {
			return nil, nil
		}
		grants = append(grants, to)
	}
	return grants, nil
}
