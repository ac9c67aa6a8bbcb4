package doctor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/doctor"
	"riposte.dev/fault"
	"riposte.dev/iam"
)

const responder = "arn:aws:iam::" + account + ":role/responder"

// responses is what two actions need: one on the account's trails, one to pass roles to EC2.
var responses = iam.Respond(iam.Setup{Account: account, Responses: []iam.Response{
	{Permissions: []string{"cloudtrail:StartLogging", "s3:PutBucketPolicy"}},
	{
		Permissions: []string{"iam:PassRole"},
		Within:      map[string]iam.Limit{"iam:PassRole": {Conditions: iam.Conditions{"StringEquals": {"iam:PassedToService": {"ec2.amazonaws.com"}}}}},
	},
}})

// role makes riposte's role with the policies, and looks at it.
func (w *world) role(policies ...string) doctor.RoleReport {
	w.t.Helper()
	client := awsiam.NewFromConfig(w.config(w.admin, home))
	_, err := client.CreateRole(w.t.Context(), &awsiam.CreateRoleInput{RoleName: aws.String("responder"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}}`)})
	w.must(err)
	for i, p := range policies {
		_, err := client.PutRolePolicy(w.t.Context(), &awsiam.PutRolePolicyInput{RoleName: aws.String("responder"), PolicyName: aws.String(fmt.Sprint("p", i)), PolicyDocument: aws.String(p)})
		w.must(err)
	}
	return doctor.CheckRole(w.t.Context(), doctor.Role{Account: account, Principal: responder, Needs: responses, AWS: func(_ context.Context, region string) (aws.Config, error) {
		return w.config(w.admin, home), nil
	}})
}

func printed(t *testing.T) string {
	t.Helper()
	text, err := iam.Merge(responses).JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatARoleHas(t *testing.T) {
	allow := func(resource string, actions ...string) string {
		return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["%s"],"Resource":%q}}`, strings.Join(actions, `","`), resource)
	}
	tests := []struct {
		name     string
		policies []string
		rewrite  *strings.Replacer
		status   doctor.Status
		missing  []string // action: because
		excess   []string
	}{
		{"what is printed", []string{printed(t)}, nil, doctor.OK, nil, nil},
		{
			"nothing", nil, nil, doctor.Fail,
			[]string{"cloudtrail:StartLogging: allowed by no policy", "iam:PassRole: allowed by no policy", "s3:PutBucketPolicy: allowed by no policy"}, nil,
		},
		{
			"roles passed to anything", []string{printed(t), allow("arn:aws:iam::"+account+":role/*", "iam:PassRole")}, nil, doctor.Warn, nil,
			[]string{"iam:PassRole: needed only on arn:aws:iam::" + account + ":role/* where iam:PassedToService is ec2.amazonaws.com"},
		},
		{
			"everybody's buckets", []string{printed(t), allow("*", "s3:PutBucketPolicy", "s3:GetObject")}, nil, doctor.Warn, nil,
			[]string{"s3:GetObject: not needed", "s3:PutBucketPolicy: needed only on arn:aws:s3:::* where aws:ResourceAccount is " + account},
		},
		{"every trail", []string{printed(t), allow("*", "cloudtrail:StartLogging")}, nil, doctor.OK, nil, nil},
		{
			"a deny", []string{printed(t), `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}}`}, nil, doctor.Fail,
			[]string{"cloudtrail:StartLogging: denied by role_responder_p1"}, nil,
		},
		{
			"the organisation", []string{printed(t)}, strings.NewReplacer("<EvalDecision>allowed</EvalDecision>",
				"<EvalDecision>implicitDeny</EvalDecision><OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"),
			doctor.Fail, []string{
				"cloudtrail:StartLogging: a service control policy of the organisation does not allow it", "iam:PassRole: a service control policy of the organisation does not allow it",
				"s3:PutBucketPolicy: a service control policy of the organisation does not allow it",
			}, nil,
		},
		{
			"the boundary", []string{printed(t)}, strings.NewReplacer("<EvalDecision>allowed</EvalDecision>",
				"<EvalDecision>implicitDeny</EvalDecision><PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"),
			doctor.Fail, []string{
				"cloudtrail:StartLogging: the permissions boundary does not allow it", "iam:PassRole: the permissions boundary does not allow it",
				"s3:PutBucketPolicy: the permissions boundary does not allow it",
			}, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.rewrite != nil {
				w.rewrite = tt.rewrite
			}
			r := w.role(tt.policies...)
			if r.Status != tt.status || r.Account != account || r.Role != responder || r.Asked != 3 || !slices.Equal(r.Unsimulated, []string{"s3"}) {
				t.Errorf("%+v, want %s", r, tt.status)
			}
			said := func(list []doctor.Permission) (out []string) {
				for _, p := range list {
					out = append(out, p.Action+": "+p.Because)
				}
				return out
			}
			if got := said(r.Missing); !slices.Equal(got, tt.missing) {
				t.Errorf("missing %q, want %q", got, tt.missing)
			}
			if got := said(r.Excess); !slices.Equal(got, tt.excess) {
				t.Errorf("too much %q, want %q", got, tt.excess)
			}
		})
	}
}

func TestARoleThatCannotBeHad(t *testing.T) {
	w := newWorld(t)
	refused := doctor.CheckRole(t.Context(), doctor.Role{Account: account, Principal: responder, AWS: func(context.Context, string) (aws.Config, error) {
		return aws.Config{}, fault.New(fault.Denied, "it may not be assumed").WithHint("riposte iam policy trust")
	}})
	if refused.Status != doctor.Fail || refused.Problem != "it may not be assumed" || refused.Next != "riposte iam policy trust" {
		t.Errorf("%+v, want a failure that says why", refused)
	}
	w.limited("iam:SimulatePrincipalPolicy")
	silent := doctor.CheckRole(t.Context(), doctor.Role{Needs: responses, AWS: func(ctx context.Context, region string) (aws.Config, error) { return w.options.AWS(ctx, "", home) }})
	if silent.Status != doctor.Unknown || !strings.Contains(silent.Problem, "SimulatePrincipalPolicy") || silent.Role != "arn:aws:iam::"+account+":user/limited" || silent.Account != account {
		t.Errorf("%+v, want that IAM does not tell", silent)
	}
	if want := `aws iam put-user-policy --user-name limited --policy-name riposte-check --policy-document ` +
		`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:SimulatePrincipalPolicy","Resource":"arn:aws:iam::` + account + `:user/limited"}]}'`; silent.Next != want {
		t.Errorf("next is %q, want %q", silent.Next, want)
	}
}
