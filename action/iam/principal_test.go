package iam

import (
	"testing"

	"riposte.dev/action"
	"riposte.dev/fault"
)

func TestParsePrincipal(t *testing.T) {
	const account = "111122223333"
	tests := []struct {
		arn, region string
		want        principal
		code        fault.Code
	}{
		{"arn:aws:iam::111122223333:user/mallory", "eu-west-1", principal{userType, "mallory", ""}, ""},
		{"arn:aws:iam::111122223333:user/ops/night/mallory", "eu-west-1", principal{userType, "mallory", ""}, ""},
		{"arn:aws:iam::111122223333:role/ci/deployer", "eu-west-1", principal{roleType, "deployer", ""}, ""},
		{"arn:aws:sts::111122223333:assumed-role/deployer/i-0123", "eu-west-1", principal{roleType, "deployer", "i-0123"}, ""},
		{"arn:aws:iam::111122223333:root", "eu-west-1", principal{accountType, "", ""}, ""},
		{"arn:aws-cn:iam::111122223333:role/deployer", "cn-north-1", principal{roleType, "deployer", ""}, ""},
		{"arn:aws:iam::111122223333:role/deployer", "cn-north-1", principal{}, fault.Invalid},
		{"arn:aws:iam::444455556666:user/mallory", "eu-west-1", principal{}, fault.Invalid},
		{"arn:aws:sts::111122223333:federated-user/bob", "eu-west-1", principal{}, fault.Invalid},
		{"arn:aws:iam::111122223333:group/admins", "eu-west-1", principal{}, fault.Invalid},
		{"arn:aws:iam::111122223333:user/", "eu-west-1", principal{}, fault.Invalid},
		{"arn:aws:sts::111122223333:assumed-role/deployer", "eu-west-1", principal{}, fault.Invalid},
		{"arn:aws:s3:::bucket", "eu-west-1", principal{}, fault.Invalid},
		{"mallory", "eu-west-1", principal{}, fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.arn, func(t *testing.T) {
			got, err := parsePrincipal(tt.arn, action.Request{Account: account, Region: tt.region})
			if got != tt.want || fault.CodeOf(err) != tt.code || err != nil && fault.Hint(err) == "" {
				t.Errorf("%+v, %v; want %+v, %q", got, err, tt.want, tt.code)
			}
		})
	}
}

func FuzzParsePrincipal(f *testing.F) {
	for _, arn := range []string{
		"arn:aws:iam::111122223333:user/ops/mallory", "arn:aws:sts::111122223333:assumed-role/deployer/x",
		"arn:aws:iam::111122223333:root", "arn:::::", "",
	} {
		f.Add(arn)
	}
	f.Fuzz(func(t *testing.T, arn string) {
		p, err := parsePrincipal(arn, action.Request{Account: "111122223333", Region: "us-east-1"})
		if (err == nil) == (p.kind == "") || err == nil && p.kind != accountType && p.name == "" {
			t.Errorf("%q is %+v, %v", arn, p, err)
		}
	})
}

func TestHome(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "us-east-1", "cn-northwest-1": "cn-north-1", "us-gov-east-1": "us-gov-west-1"} {
		if got := home(region); got != want {
			t.Errorf("the home of %s is %s, want %s", region, got, want)
		}
	}
}
