package s3

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestWhatAWSConfigHasRecorded(t *testing.T) {
	const owner = `{\"grantee\":{\"id\":\"0123\",\"displayName\":null},\"permission\":\"FullControl\"}`
	for _, tt := range []struct{ name, part, text, want string }{
		{"a policy", "BucketPolicy", `{"policyText":"{\"Statement\":[]}"}`, `{"Statement":[]}`},
		{"none", "BucketPolicy", `{"policyText":null}`, ""},
		{"a policy that was not recorded", "", "", "not known"},
		{"a policy that can't be read", "BucketPolicy", "{", "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := recordedBucket{tt.part: tt.text}.policy()
			if text := outcome(got == nil, err, aws.ToString(got)); text != tt.want {
				t.Errorf("%s, want %s", text, tt.want)
			}
		})
	}
	for _, tt := range []struct{ name, part, text, want string }{
		{"the owner", "AccessControlList", `"{\"grantList\":[` + owner + `]}"`, "[{CanonicalUser 0123  FULL_CONTROL}]"},
		{"in plain JSON", "AccessControlList", `{"grantList":[{"grantee":{"id":"0123"},"permission":"FullControl"}]}`, "[{CanonicalUser 0123  FULL_CONTROL}]"},
		{"groups", "AccessControlList", `"{\"grantList\":[{\"grantee\":\"AllUsers\",\"permission\":\"Read\"},{\"grantee\":\"LogDelivery\",\"permission\":\"WriteAcp\"}]}"`,
			"[{Group  http://acs.amazonaws.com/groups/global/AllUsers READ} {Group  http://acs.amazonaws.com/groups/s3/LogDelivery WRITE_ACP}]"},
		{"nobody", "AccessControlList", `"{\"grantList\":[]}"`, "[]"},
		{"a group that is not known", "AccessControlList", `"{\"grantList\":[` + owner + `,{\"grantee\":\"Friends\",\"permission\":\"Read\"}]}"`, "not known"},
		{"a permission that is not known", "AccessControlList", `"{\"grantList\":[{\"grantee\":\"AllUsers\",\"permission\":\"Sing\"}]}"`, "not known"},
		{"a list that was not recorded", "", "", "not known"},
		{"a list that can't be read", "AccessControlList", "{", "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := recordedBucket{tt.part: tt.text}.grants()
			if text := outcome(got == nil, err, fmt.Sprint(grantsOnly(got))); text != tt.want {
				t.Errorf("%s, want %s", text, tt.want)
			}
		})
	}
}

func outcome(unknown bool, err error, text string) string {
	switch {
	case err != nil:
		return "error"
	case unknown:
		return "not known"
	}
	return text
}
