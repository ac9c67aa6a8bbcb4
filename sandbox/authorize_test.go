package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"riposte.dev/sandbox"
)

// sentFrom is a transport that makes requests come from an address.
type sentFrom string

func (ip sentFrom) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Sandbox-Source-Ip", string(ip))
	return http.DefaultClient.Do(r)
}

func TestPoliciesDecide(t *testing.T) {
	const arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
	condition := func(effect, text string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"cloudtrail:*","Resource":"*","Condition":` + text + `}]}`
	}
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"cloudtrail:Stop*","Resource":"` + arn + `"}]}`
	w := newTrailWorld(t, sandbox.Options{})
	w.makeTrail("main")
	for _, tc := range []struct {
		name     string
		policies []string
		reason   string // of the refusal; "" when it is allowed
	}{
		{"no policy", nil, "because no identity-based policy allows the cloudtrail:StopLogging action"},
		{"administrator", []string{sandbox.AdministratorAccess}, ""},
		{"this trail", []string{allow("cloudtrail:StopLogging", arn)}, ""},
		{"another trail", []string{allow("cloudtrail:StopLogging", arn+"2")}, "because no identity-based policy"},
		{"denied explicitly", []string{sandbox.AdministratorAccess, deny}, "with an explicit deny in an identity-based policy"},
		{"from this network", []string{condition("Allow", `{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`)}, ""},
		{"from another network", []string{condition("Allow", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)}, "because no identity-based policy"},
		{"in this region", []string{condition("Allow", `{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`)}, ""},
		{"under another name", []string{condition("Allow", `{"StringEquals":{"aws:username":"root"}}`)}, "because no identity-based policy"},
		{"without second factor", []string{sandbox.AdministratorAccess, condition("Deny", `{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`)}, "with an explicit deny"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := w.config(w.user("u-"+strings.ReplaceAll(tc.name, " ", "-"), tc.policies...), "us-east-1")
			cfg.HTTPClient = sentFrom("198.51.100.7")
			_, err := cloudtrail.NewFromConfig(cfg).StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("main")})
			if tc.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, "AccessDeniedException")
			if !strings.Contains(err.Error(), "is not authorized to perform: cloudtrail:StopLogging on resource: "+arn+" "+tc.reason) {
				t.Errorf("refused as %v", err)
			}
		})
	}
}

// Each service refuses in its own words.
func TestRefusalsPerService(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	nobody := w.config(w.user("nobody"), "us-east-1")
	for _, tc := range []struct {
		name, code, part string
		call             func() error
	}{
		{"JSON", "AccessDeniedException", "to perform: cloudtrail:LookupEvents because", func() error {
			_, err := cloudtrail.NewFromConfig(nobody).LookupEvents(t.Context(), nil)
			return err
		}},
		{"Query", "AccessDenied", "to perform: iam:ListUsers on resource: arn:aws:iam::111122223333:user/ because", func() error {
			_, err := iam.NewFromConfig(nobody).ListUsers(t.Context(), nil)
			return err
		}},
		{"EC2", "UnauthorizedOperation", "Encoded authorization failure message: ", func() error {
			_, err := ec2.NewFromConfig(nobody).DescribeVpcs(t.Context(), nil)
			return err
		}},
		{"S3", "AccessDenied", "to perform: s3:ListAllMyBuckets", func() error {
			_, err := s3.NewFromConfig(nobody).ListBuckets(t.Context(), nil)
			return err
		}},
		{"tags need a permission of their own", "AccessDeniedException", "cloudtrail:AddTags", func() error {
			cfg := w.config(w.user("creator", allow("cloudtrail:CreateTrail", "*")), "us-east-1")
			_, err := cloudtrail.NewFromConfig(cfg).CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{
				Name: aws.String("tagged"), S3BucketName: aws.String(trailBucket), TagsList: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
			})
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.call()
			wantCode(t, err, tc.code)
			if !strings.Contains(err.Error(), tc.part) {
				t.Errorf("refused as %v, want %q", err, tc.part)
			}
		})
	}
}

// A session is revoked as AWS's console does it: by a deny for tokens that were
// issued before now.
func TestRevokedSessions(t *testing.T) {
	clock := newClock()
	w := newWorld(t, sandbox.Options{Clock: clock})
	arn, err := w.account.CreateRole("ops", trust(testAccount, ""), sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	assume := func() *iam.Client {
		t.Helper()
		out, err := sts.NewFromConfig(w.config(w.user("u"+clock.Now().Format("150405.000"), allow("sts:*", "*")), "us-east-1")).AssumeRole(t.Context(),
			&sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("s1")})
		if err != nil {
			t.Fatal(err)
		}
		return iam.NewFromConfig(w.config(keysOf(out.Credentials), "us-east-1"))
	}
	old := assume()
	clock.advance(2 * time.Second)
	_, err = iam.NewFromConfig(w.config(w.root, "us-east-1")).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("ops"), PolicyName: aws.String("AWSRevokeOlderSessions"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":
			{"DateLessThan":{"aws:TokenIssueTime":"` + clock.Now().UTC().Format(time.RFC3339) + `"}}}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = old.ListUsers(t.Context(), nil)
	wantCode(t, err, "AccessDenied")
	clock.advance(time.Second)
	if _, err := assume().ListUsers(t.Context(), nil); err != nil {
		t.Errorf("a new session: %v", err)
	}
}

func TestUnknownServiceIsExplained(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for name, req := range map[string]func() (*http.Request, error){
		"JSON": func() (*http.Request, error) {
			r, err := http.NewRequest("POST", w.url, strings.NewReader("{}"))
			r.Header.Set("X-Amz-Target", "Textract.DetectDocumentText")
			return r, err
		},
		"XML": func() (*http.Request, error) {
			return http.NewRequest("GET", w.url+"/?Action=DescribeStacks&Version=2010-05-15", nil)
		},
	} {
		r, err := req()
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 400 || !strings.Contains(string(body), "UnknownService") || !strings.Contains(string(body), "cloudtrail") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
}

func TestOversizedBody(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	_, err := iam.NewFromConfig(w.config(w.root, "us-east-1")).CreateUser(context.Background(), &iam.CreateUserInput{
		UserName: aws.String("x"), PermissionsBoundary: aws.String(strings.Repeat("x", 2<<20)),
	})
	var api smithy.APIError
	if !errors.As(err, &api) || !strings.Contains(api.ErrorMessage(), "1048576 bytes") {
		t.Errorf("error is %v", err)
	}
}
