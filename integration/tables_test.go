package integration

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

var update = flag.Bool("update", false, "write testdata/reads.txt anew")

// A new version of the SDK may bring operations whose names say that they only read. They are called without the guard, so each of
// them is looked over before testdata/reads.txt has it.
func TestReads(t *testing.T) {
	var got bytes.Buffer
	for _, s := range services() {
		for _, name := range s.operations() {
			if s.method(name).reads() {
				got.WriteString(s.name + ":" + camel(name) + "\n")
			}
		}
	}
	if *update {
		if err := os.WriteFile("testdata/reads.txt", got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/reads.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(want))
	for _, name := range strings.Fields(got.String()) {
		if !slices.Contains(known, name) {
			t.Errorf("%s would be called without the guard: look it over, then run go test -update", name)
		}
	}
	if len(known) < 500 {
		t.Errorf("only %d operations are known", len(known))
	}
	for _, name := range []string{"ec2:terminateInstances", "sts:getSessionToken", "iam:generateCredentialReport", "sqs:receiveMessage", "ssm:sendCommand"} {
		if slices.Contains(known, name) {
			t.Errorf("%s does more than read", name)
		}
	}
}

// The tables name operations that there are.
func TestTablesNameWhatThereIs(t *testing.T) {
	all := map[string]*operation{}
	for _, s := range services() {
		for _, name := range s.operations() {
			all[s.name+":"+name] = s.method(name)
		}
	}
	for key := range otherPermissions {
		if all[key] == nil {
			t.Errorf("otherPermissions has %s, which there is not", key)
		}
	}
	for _, key := range slices.Concat(secrets, notReads) {
		if all[key] == nil {
			t.Errorf("there is no %s", key)
		}
	}
	for prefix, parameters := range namedBy {
		for parameter := range parameters {
			if !slices.ContainsFunc(services(), func(s *service) bool {
				return s.iam == prefix && slices.ContainsFunc(s.operations(), func(name string) bool { return member(s.method(name).input, parameter) != nil })
			}) {
				t.Errorf("no operation of %s has the parameter %s", prefix, parameter)
			}
		}
	}
}

func TestPermissions(t *testing.T) {
	set := New(Options{})
	for _, tt := range []struct{ resource, want string }{
		{"aws-sdk:s3:headBucket", "s3:ListBucket"},
		{"aws-sdk:s3:getBucketEncryption", "s3:GetEncryptionConfiguration"},
		{"aws-sdk:cloudwatchlogs:filterLogEvents", "logs:FilterLogEvents"},
		{"aws-sdk:elasticloadbalancingv2:deregisterTargets", "elasticloadbalancing:DeregisterTargets"},
		{"aws-sdk:iam:deleteRole", "iam:DeleteRole iam:GetRole"},
		{"aws-sdk:iam:getRole", "iam:GetRole"},
		{"lambda:invoke", "lambda:InvokeFunction"},
		{"sns:publish", "sns:Publish"},
		{"states:startExecution.sync:2", "states:StartExecution states:DescribeExecution states:DescribeStateMachine"},
		{"http:invoke", ""},
	} {
		r, err := set.Resource("arn:aws:states:::" + tt.resource)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Spec().Permissions, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.resource, got, tt.want)
		}
	}
}

func TestPascal(t *testing.T) {
	for name, want := range map[string]string{
		"SSEKMSKeyId": "SsekmsKeyId", "DBInstances": "DbInstances", "ETag": "ETag", "MD5OfMessageBody": "Md5OfMessageBody", "VpcId": "VpcId",
		"clusterArn": "ClusterArn", "IPSetReferenceStatement": "IpSetReferenceStatement", "CidrIpv6": "CidrIpv6", "EC2TagFilters": "Ec2TagFilters",
	} {
		if got := pascal(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for shape, want := range map[string]string{"NoSuchKey": "NoSuchKeyException", "TrailNotFoundException": "TrailNotFoundException", "ScalingActivityInProgressFault": "ScalingActivityInProgressException"} {
		if got := exception(shape); got != want {
			t.Errorf("%s: %s, want %s", shape, got, want)
		}
	}
}

// FuzzDecode: whatever a playbook gives, it is taken or refused.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `[]`, `{"InstanceIds":["i"]}`, `{"StartTime":"2026-11-30T14:05:00Z","EndTime":1e300}`, `{"Tags":{"a":{}}}`,
		`{"MaxResults":1.5}`, `null0`, `{"BlockDeviceMappings":[{"Ebs":{"VolumeSize":1e400}}]}`, `{"Filters":[null,{"Values":[null]}]}`} {
		f.Add([]byte(seed))
	}
	var inputs []*operation
	for _, s := range services() {
		for _, name := range []string{"RunInstances", "PutObject", "LookupEvents", "FilterLogEvents", "SendCommand", "UpdateIPSet", "PutRecords"} {
			if o := s.method(name); o != nil {
				inputs = append(inputs, o)
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, o := range inputs {
			if _, err := decode(raw, o.input); err == nil && len(bytes.TrimSpace(raw)) > 0 && bytes.TrimSpace(raw)[0] != '{' && string(bytes.TrimSpace(raw)) != "null" {
				t.Errorf("%s takes %q", o.name, raw)
			}
		}
	})
}

// A function may run for a quarter of an hour before it answers.
func TestFunctionsAreWaitedFor(t *testing.T) {
	hasty := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = time.Second })
	k := newCaller(Options{})
	slow, ok := k.patient(hasty).(*awshttp.BuildableClient)
	if !ok || slow.GetTransport().ResponseHeaderTimeout != 0 || hasty.GetTransport().ResponseHeaderTimeout != time.Second || k.patient(hasty) != aws.HTTPClient(slow) {
		t.Errorf("the client %+v", slow)
	}
	if other := http.DefaultClient; k.patient(other) != aws.HTTPClient(other) {
		t.Error("another kind of client is not taken as it is")
	}
}
