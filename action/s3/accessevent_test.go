package s3

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestGrantsOfARecord(t *testing.T) {
	const owner, stranger = "0123", "4567"
	for _, tt := range []struct{ name, event, parameters, want string }{
		{"a list", "PutBucketAcl", `"AccessControlPolicy":{"AccessControlList":{"Grant":[
			{"Grantee":{"xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/s3/LogDelivery"},"Permission":"WRITE"},
			{"Grantee":{"xsi:type":"CanonicalUser","ID":"0123","DisplayName":"me"},"Permission":"FULL_CONTROL"}]}}`,
			"[{CanonicalUser 0123  FULL_CONTROL} {Group  http://acs.amazonaws.com/groups/s3/LogDelivery WRITE}]"},
		{"a list of one", "PutBucketAcl", `"AccessControlPolicy":{"AccessControlList":{"Grant":{"Grantee":{"xsi:type":"CanonicalUser","ID":"4567"},"Permission":"READ"}}}`,
			"[{CanonicalUser 4567  READ}]"},
		{"by an address of e-mail", "PutBucketAcl", `"AccessControlPolicy":{"AccessControlList":{"Grant":{"Grantee":{"xsi:type":"AmazonCustomerByEmail","EmailAddress":"xyz@example.com"},"Permission":"READ"}}}`, "[]"},
		{"headers", "PutBucketAcl", `"accessControlList":{"x-amz-grant-full-control":"id=\"0123\", id=\"4567\"","x-amz-grant-read":"uri=\"http://acs.amazonaws.com/groups/global/AllUsers\""}`,
			"[{CanonicalUser 0123  FULL_CONTROL} {CanonicalUser 4567  FULL_CONTROL} {Group  http://acs.amazonaws.com/groups/global/AllUsers READ}]"},
		{"a header that S3 may have one day", "PutBucketAcl", `"accessControlList":{"x-amz-grant-list":"id=\"0123\""}`, "[]"},
		{"a grantee of another kind", "PutBucketAcl", `"accessControlList":{"x-amz-grant-read":"emailAddress=\"xyz@example.com\""}`, "[]"},
		{"private", "PutBucketAcl", `"x-amz-acl":["private"]`, "[{CanonicalUser 0123  FULL_CONTROL}]"},
		{"public", "PutBucketAcl", `"x-amz-acl":"public-read-write"`, "[{CanonicalUser 0123  FULL_CONTROL} {Group  http://acs.amazonaws.com/groups/global/AllUsers READ} {Group  http://acs.amazonaws.com/groups/global/AllUsers WRITE}]"},
		{"for any account", "PutBucketAcl", `"x-amz-acl":"authenticated-read"`, "[{CanonicalUser 0123  FULL_CONTROL} {Group  http://acs.amazonaws.com/groups/global/AuthenticatedUsers READ}]"},
		{"for logs", "PutBucketAcl", `"x-amz-acl":"log-delivery-write"`, "[{CanonicalUser 0123  FULL_CONTROL} {Group  http://acs.amazonaws.com/groups/s3/LogDelivery READ_ACP} {Group  http://acs.amazonaws.com/groups/s3/LogDelivery WRITE}]"},
		{"a name that S3 may have one day", "PutBucketAcl", `"x-amz-acl":"friends"`, "[]"},
		{"a creation", "CreateBucket", `"x":1`, "[{CanonicalUser 0123  FULL_CONTROL}]"},
		{"a form that S3 may have one day", "PutBucketAcl", `"x-amz-acl":{"name":"private"}`, "[]"},
		{"an empty list", "PutBucketAcl", `"AccessControlPolicy":{"AccessControlList":""}`, "[]"},
		{"nothing", "PutBucketAcl", `"x":1`, "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := readAccess(json.RawMessage(fmt.Sprintf(`{"eventName":%q,"requestParameters":{"bucketName":"shared-files",%s}}`, tt.event, tt.parameters)), tt.event)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%v", grantsOnly(listed(r.grants(), owner).Grants)); got != tt.want {
				t.Errorf("the grants are %s, want %s", got, tt.want)
			}
		})
	}
}

// grantsOnly are grants without their method String.
func grantsOnly(list []grant) []any {
	type plain grant
	out := []any{}
	for _, g := range list {
		out = append(out, plain(g))
	}
	return out
}

func FuzzGrantsOfARecord(f *testing.F) {
	f.Add([]byte(`{"eventName":"PutBucketAcl","requestParameters":{"bucketName":"shared-files","x-amz-acl":["private"]}}`))
	f.Add([]byte(`{"eventName":"PutBucketAcl","requestParameters":{"bucketName":"shared-files","accessControlList":{"x-amz-grant-read":"id=\"0123\",uri=x"}}}`))
	f.Add([]byte(`{"eventName":"CreateBucket","requestParameters":{"bucketName":"shared-files","AccessControlPolicy":{"AccessControlList":{"Grant":[{}]}}}}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		r, err := readAccess(record, "PutBucketAcl", "CreateBucket")
		if err != nil {
			return
		}
		for _, g := range r.grants() {
			if g.ID == "" && g.URI == "" {
				t.Errorf("a grant to nobody: %+v", g)
			}
		}
	})
}
