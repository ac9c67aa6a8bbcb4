package s3

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// accessRecord is CloudTrail's record of a call on who may use a bucket.
type accessRecord struct {
	ID      string          `json:"eventID"`
	Name    string          `json:"eventName"`
	Time    time.Time       `json:"eventTime"`
	Error   string          `json:"errorCode"`
	Request json.RawMessage `json:"requestParameters"`

	bucket string
}

// recordedACL is how a call gave an access list.
type recordedACL struct {
	Canned listOf[string]    `json:"x-amz-acl"`
	Grants map[string]string `json:"accessControlList"` // the headers x-amz-grant-
	List   struct {
		ACL struct {
			Grants listOf[recordedGrant] `json:"Grant"`
		} `json:"AccessControlList"`
	} `json:"AccessControlPolicy"`
}

// recordedGrant is a grant as the XML of S3 has it.
type recordedGrant struct {
	Grantee struct {
		Type types.Type `json:"xsi:type"`
		ID   string     `json:"ID"`
		URI  string     `json:"URI"`
	} `json:"Grantee"`
	Permission types.Permission `json:"Permission"`
}

// listOf is a list of XML turned to JSON, where one alone stands for the list.
type listOf[T any] []T

// UnmarshalJSON reads a list, or one alone.
func (l *listOf[T]) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		return json.Unmarshal(raw, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*l = listOf[T]{one}
	return nil
}

// readAccess reads an event that one of the names has and that names a bucket: else fault.Invalid.
func readAccess(raw json.RawMessage, names ...string) (accessRecord, error) {
	var r accessRecord
	var request struct {
		Bucket string `json:"bucketName"`
	}
	if json.Unmarshal(raw, &r) != nil || json.Unmarshal(r.Request, &request) != nil || !slices.Contains(names, r.Name) || !bucketName.MatchString(request.Bucket) {
		return r, fault.New(fault.Invalid, "the event is not the CloudTrail record of a %s that names a bucket", strings.Join(names, " or ")).
			WithHint(awscall.EventHint)
	}
	r.bucket = request.Bucket
	return r, nil
}

// changeOf is what the record tells, with what its call left.
func changeOf[T any](r accessRecord, left T) awscall.Change[T] {
	return awscall.Change[T]{ID: r.ID, At: r.Time, Created: r.Name == "CreateBucket", Left: left}
}

// leftBefore returns what the bucket's last change before this one left; nil where that is not known.
func leftBefore[T any](ctx context.Context, cfg aws.Config, r accessRecord, left func(accessRecord) T,
	recorded func(recordedBucket) (T, error), names ...string) (*T, error) {
	if r.Error != "" {
		return nil, nil
	}
	return awscall.LeftBefore(ctx, cfg, r.bucket, changeOf(r, left(r)), func(raw json.RawMessage) (awscall.Change[T], bool) {
		earlier, err := readAccess(raw, names...)
		return changeOf(earlier, left(earlier)), err == nil && earlier.Error == "" && earlier.bucket == r.bucket
	}, func() (*T, error) {
		item, err := awscall.Recorded(ctx, cfg, configtypes.ResourceTypeBucket, r.bucket, r.Time)
		if err != nil || item == nil {
			return nil, err
		}
		was, err := recorded(item.SupplementaryConfiguration)
		return &was, err
	})
}

// policy is the policy that the call left, "" for none; nil where the record doesn't tell.
func (r accessRecord) policy() *string {
	var request struct {
		Policy json.RawMessage `json:"bucketPolicy"`
	}
	switch {
	case r.Name != "PutBucketPolicy":
		return new(string)
	case json.Unmarshal(r.Request, &request) != nil, len(request.Policy) == 0:
		return nil
	}
	left := string(request.Policy)
	return &left
}

// ownersOnly stands for the bucket's owner in what a record leaves, since most ways to set a list don't name him.
const ownersOnly = "owner"

// grants are what the call left in the access list, sorted; nil where the record doesn't tell.
func (r accessRecord) grants() []grant {
	var given recordedACL
	if json.Unmarshal(r.Request, &given) != nil {
		return nil // in a form that is not known
	}
	switch {
	case len(given.List.ACL.Grants) > 0:
		list := make([]grant, len(given.List.ACL.Grants))
		for i, g := range given.List.ACL.Grants {
			list[i] = grant{g.Grantee.Type, g.Grantee.ID, g.Grantee.URI, g.Permission}
			if list[i].ID == "" && list[i].URI == "" {
				return nil // by an address of e-mail
			}
		}
		return list
	case len(given.Grants) > 0:
		return headerGrants(given.Grants)
	case len(given.Canned) > 0:
		return cannedGrants(given.Canned[0])
	case r.Name == "CreateBucket":
		return cannedGrants("private")
	}
	return nil
}

// cannedGrants are those of a canned list
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl).
func cannedGrants(name string) []grant {
	group := func(uri string, permissions ...types.Permission) []grant {
		list := []grant{{types.TypeCanonicalUser, ownersOnly, "", types.PermissionFullControl}}
		for _, p := range permissions {
			list = append(list, grant{types.TypeGroup, "", uri, p})
		}
		return list
	}
	switch types.BucketCannedACL(name) {
	case types.BucketCannedACLPrivate, "bucket-owner-read", "bucket-owner-full-control": // S3 takes no notice of the others for a bucket
		return group("")
	case types.BucketCannedACLPublicRead:
		return group(everybodyGroup, types.PermissionRead)
	case types.BucketCannedACLPublicReadWrite:
		return group(everybodyGroup, types.PermissionRead, types.PermissionWrite)
	case types.BucketCannedACLAuthenticatedRead:
		return group(anyAccountGroup, types.PermissionRead)
	case "log-delivery-write":
		return group(logDeliveryGroup, types.PermissionWrite, types.PermissionReadAcp)
	}
	return nil
}

// grantee is one of those that a header names: id="…", uri="…".
var grantee = regexp.MustCompile(`^\s*(id|uri)\s*=\s*"?([^",]+)"?\s*$`)

// headerGrants are those of the headers x-amz-grant-read and the like
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html).
func headerGrants(headers map[string]string) []grant {
	permissions := map[string]types.Permission{
		"x-amz-grant-read": types.PermissionRead, "x-amz-grant-write": types.PermissionWrite, "x-amz-grant-read-acp": types.PermissionReadAcp,
		"x-amz-grant-write-acp": types.PermissionWriteAcp, "x-amz-grant-full-control": types.PermissionFullControl,
	}
	var list []grant
	for header, names := range headers {
		permission, ok := permissions[header]
		if !ok {
			return nil
		}
		for name := range strings.SplitSeq(names, ",") {
			switch m := grantee.FindStringSubmatch(name); {
			case m == nil:
				return nil
			case m[1] == "id":
				list = append(list, grant{types.TypeCanonicalUser, m[2], "", permission})
			default:
				list = append(list, grant{types.TypeGroup, "", m[2], permission})
			}
		}
	}
	return list
}

// listed is the access list of those grants in a bucket of that owner.
func listed(grants []grant, owner string) accessList {
	list := accessList{owner, slices.Clone(grants)}
	for i, g := range list.Grants {
		if g.ID == ownersOnly {
			list.Grants[i].ID = owner
		}
	}
	slices.SortFunc(list.Grants, grant.compare)
	return list
}
