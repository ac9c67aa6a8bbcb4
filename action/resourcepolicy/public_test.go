package resourcepolicy

import (
	"encoding/json"
	"strings"
	"testing"
)

const readByAll = `{"Sid":"S","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`

func TestPublic(t *testing.T) {
	under := func(condition string) string {
		return strings.Replace(readByAll, `"Resource"`, `"Condition":{`+condition+`},"Resource"`, 1)
	}
	as := func(principal string) string { return strings.Replace(readByAll, `"Principal":"*"`, principal, 1) }
	tests := []struct {
		name, statement string
		want            bool
	}{
		{"everybody", readByAll, true},
		{"everybody, as AWS", as(`"Principal":{"AWS":"*"}`), true},
		{"everybody beside one account", as(`"Principal":{"AWS":["arn:aws:iam::111122223333:root","*"]}`), true},
		{"everybody but one", as(`"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}`), true},
		{"one account", as(`"Principal":{"AWS":"111122223333"}`), false},
		{"a service", as(`"Principal":{"Service":"cloudtrail.amazonaws.com"}`), false},
		{"denied to everybody", strings.Replace(readByAll, "Allow", "Deny", 1), false},

		{"an organisation", under(`"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}`), false},
		{"a key in small letters", under(`"StringEquals":{"aws:principalorgid":["o-abcdefghij","o-klmnopqrst"]}`), false},
		{"one value of several is open", under(`"StringLike":{"aws:PrincipalOrgID":["o-abcdefghij","o-*"]}`), true},
		{"any of several values", under(`"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":"o-abcdefghij/r-1234/ou-1/"}`), false},
		{"all of several values, or none", under(`"ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":"o-abcdefghij/r-1234/ou-1/"}`), true},
		{"a source", under(`"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}`), false},
		{"a source with a wildcard", under(`"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:topic"}`), true},
		{"an account as the source", under(`"StringEquals":{"aws:SourceAccount":"111122223333"}`), false},
		{"a VPC endpoint", under(`"StringEquals":{"aws:SourceVpce":"vpce-0123456789abcdef0"}`), false},
		{"a VPC, if there is one", under(`"StringEqualsIfExists":{"aws:SourceVpc":"vpc-91237329"}`), true},
		{"not a VPC", under(`"StringNotEquals":{"aws:SourceVpc":"vpc-91237329"}`), true},
		{"any VPC", under(`"Null":{"aws:SourceVpc":"false"}`), true},
		{"a policy variable", under(`"StringEquals":{"aws:SourceVpc":"${aws:PrincipalTag/vpc}"}`), true},
		{"another key", under(`"StringEquals":{"aws:UserAgent":"me"}`), true},
		{"TLS only", under(`"Bool":{"aws:SecureTransport":"true"}`), true},
		{"two conditions, one narrow", under(`"Bool":{"aws:SecureTransport":true},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`), false},

		{"networks", under(`"IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.7","10.0.0.0/8"]}`), false},
		{"the world", under(`"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}`), true},
		{"half of the world", under(`"IpAddress":{"aws:SourceIp":["203.0.113.0/24","128.0.0.0/1"]}`), true},
		{"a broad network", under(`"IpAddress":{"aws:SourceIp":"52.0.0.0/7"}`), true},
		{"a network of IPv6", under(`"IpAddress":{"aws:SourceIp":"2001:db8::/32"}`), false},
		{"a broad network of IPv6", under(`"IpAddress":{"aws:SourceIp":"2001::/16"}`), true},
		{"not a network", under(`"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`), true},

		{"access points of one account", under(`"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:123456789012:accesspoint/*"}`), false},
		{"access points of any account", under(`"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/a"}`), true},
		{"the callers of one account", under(`"StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"s3.eu-west-1.amazonaws.com"}`), false},
		{"a session of a role", under(`"StringLike":{"aws:userid":"AROAEXAMPLEID:*"}`), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Statement
			if err := json.Unmarshal([]byte(tt.statement), &s); err != nil {
				t.Fatal(err)
			}
			if got := s.Public(); got != tt.want {
				t.Errorf("public is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	under := func(key, value string) string {
		return strings.Replace(readByAll, `"Resource"`, `"Condition":{"ArnLike":{"`+key+`":"`+value+`"}},"Resource"`, 1)
	}
	for _, tt := range []struct {
		name, statement string
		want            bool
	}{
		{"everybody", readByAll, true},
		{"alarms of one account", under("aws:SourceArn", "arn:aws:cloudwatch:us-east-2:111122223333:alarm:*"), false},
		{"topics of any account", under("AWS:SourceArn", "arn:aws:sns:us-east-2:*:orders"), true},
		{"one bucket in any account", under("aws:SourceArn", "arn:aws:s3:*:*:pictures"), false},
		{"some buckets", under("aws:SourceArn", "arn:aws:s3:*:*:pictures-*"), true},
		{"roles of one account", under("aws:PrincipalArn", "arn:aws:iam::111122223333:role/*"), false},
		{"anything", under("aws:SourceArn", "*"), true},
		{"a key that is no ARN", under("aws:SourceVpc", "arn:aws:ec2:us-east-2:111122223333:vpc/*"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Statement
			if err := json.Unmarshal([]byte(tt.statement), &s); err != nil {
				t.Fatal(err)
			}
			if got := s.Open(); got != tt.want {
				t.Errorf("open is %v, want %v", got, tt.want)
			}
		})
	}
}

func TestStatementsAreNamed(t *testing.T) {
	d, err := Parse(`{"Statement":[` + readByAll + `,` + strings.Replace(strings.Replace(readByAll, `"Sid":"S",`, "", 1), `"s3:GetObject"`, `["s3:A","s3:B","s3:C","s3:D"]`, 1) +
		`,` + strings.Replace(readByAll, `"Action"`, `"NotAction"`, 1) + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	_, found, err := d.Public()
	if want := `statement 1 "S" (s3:GetObject), statement 2 (s3:A, s3:B, s3:C and 1 more) and statement 3 "S" (all but s3:GetObject)`; err != nil || List(found) != want {
		t.Errorf("they are %s, %v; want %s", List(found), err, want)
	}
}
