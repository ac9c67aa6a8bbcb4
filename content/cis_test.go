package content_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"riposte.dev/event"
)

// The calls that the benchmark's metric filters name, by control. A filter with a source looks at that service only.
var filters = []struct {
	control, source string
	names           string
}{
	{"4.4", "", `DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy
		CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy
		DetachGroupPolicy`},
	{"4.5", "", "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"},
	{"4.7", "kms", "DisableKey ScheduleKeyDeletion"},
	{"4.8", "s3", `PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy DeleteBucketCors
		DeleteBucketLifecycle DeleteBucketReplication`},
	{"4.9", "config", "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder"},
	{"4.10", "", `AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress
		CreateSecurityGroup DeleteSecurityGroup`},
	{"4.11", "", `CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry
		ReplaceNetworkAclAssociation`},
	{"4.12", "", `CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway DeleteInternetGateway
		DetachInternetGateway`},
	{"4.13", "", `CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute
		DisassociateRouteTable`},
	{"4.14", "", `CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection DeleteVpcPeeringConnection
		RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink`},
	{"4.15", "organizations", `AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake
		DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType
		InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit`},
}

// TestCISConditionsAreLiteral sends every call that any filter names, from every service that any filter names, and
// compares the controls of the rules that hold with those of the filters.
func TestCISConditionsAreLiteral(t *testing.T) {
	set := load(t)
	sources := []string{"iam"}
	var names []string
	for _, f := range filters {
		names = append(names, strings.Fields(f.names)...)
		if f.source != "" {
			sources = append(sources, f.source)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		for _, source := range sources {
			var want []string
			for _, f := range filters {
				if (f.source == "" || f.source == source) && slices.Contains(strings.Fields(f.names), name) {
					want = append(want, f.control)
				}
			}
			env, err := event.FromCloudTrail(fmt.Appendf(nil, `{"eventID":"e1","eventTime":"2024-05-01T12:00:00Z","eventSource":"%s.amazonaws.com",
"eventName":"%s","eventType":"AwsApiCall","awsRegion":"us-east-1","recipientAccountId":"111122223333",
"userIdentity":{"type":"IAMUser","userName":"dana"},"requestParameters":{"name":"x","bucketName":"x","keyId":"x"}}`, source, name))
			if err != nil {
				t.Fatal(err)
			}
			// Rules beyond the benchmark may find more in these bare events than they can evaluate; that is not the matter here.
			matches, _, err := set.Match(context.Background(), env)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range matches {
				if strings.HasPrefix(m.Rule.ID, "cis-") {
					got = append(got, m.Rule.Tags.CISControls()...)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s: controls %v, want %v", name, source, got, want)
			}
		}
	}
}
