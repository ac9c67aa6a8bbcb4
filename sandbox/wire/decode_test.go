package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// target identifies a request that must be answered.
func target(t *testing.T, r *Request, signing string) *Target {
	t.Helper()
	got, err := loaded(t).Identify(r, signing)
	if err != nil || got.Operation == nil {
		t.Fatalf("the request is not identified: %v", err)
	}
	return got
}

func cloudtrail(op, body string) *Request {
	return request("POST", "/", body, "X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."+op)
}

func form(body string) *Request { return request("POST", "/", body, formType) }

func TestDecode(t *testing.T) {
	for _, tc := range []struct {
		name    string
		req     *Request
		signing string
		want    Object
	}{
		{"JSON", cloudtrail("LookupEvents", `{"StartTime":1.5e9,"MaxResults":5,"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"X"}],"Unknown":1,"NextToken":null}`), "cloudtrail",
			Object{"StartTime": time.Unix(1.5e9, 0).UTC(), "MaxResults": int64(5), "LookupAttributes": List{Object{"AttributeKey": "EventName", "AttributeValue": "X"}}}},
		{"JSON, empty list kept", cloudtrail("DescribeTrails", `{"trailNameList":[],"includeShadowTrails":false}`), "cloudtrail",
			Object{"trailNameList": List{}, "includeShadowTrails": false}},
		{"JSON, empty body", cloudtrail("DescribeTrails", ""), "cloudtrail", Object{}},
		{"Query list", form("Action=TagUser&Version=2010-05-08&UserName=u&Tags.member.2.Key=b&Tags.member.2.Value=2&Tags.member.1.Key=a&Tags.member.1.Value=1"), "iam",
			Object{"UserName": "u", "Tags": List{Object{"Key": "a", "Value": "1"}, Object{"Key": "b", "Value": "2"}}}},
		{"Query flattened map", form("Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5"), "sqs",
			Object{"QueueName": "q", "Attributes": Object{"DelaySeconds": "5"}}},
		{"Query map", form("Action=CreateTopic&Version=2010-03-31&Name=t&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=x"), "sns",
			Object{"Name": "t", "Attributes": Object{"DisplayName": "x"}}},
		{"Query flattened list", form("Action=ReceiveMessage&Version=2012-11-05&QueueUrl=u&AttributeName.1=All&MaxNumberOfMessages=3"), "sqs",
			Object{"QueueUrl": "u", "AttributeNames": List{"All"}, "MaxNumberOfMessages": int64(3)}},
		{"EC2", form("Action=DescribeSecurityGroups&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&GroupId.1=sg-1&DryRun=true"), "ec2",
			Object{"Filters": List{Object{"Name": "vpc-id", "Values": List{"vpc-1"}}}, "GroupIds": List{"sg-1"}, "DryRun": true}},
		{"EC2 permissions", form("Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"), "ec2",
			Object{"GroupId": "sg-1", "IpPermissions": List{Object{"IpProtocol": "tcp", "FromPort": int64(22), "IpRanges": List{Object{"CidrIp": "0.0.0.0/0"}}}}}},
		{"REST-XML payload", request("PUT", "/logs?tagging", `<Tagging xmlns="x"><TagSet><Tag><Key>a</Key><Value> b </Value></Tag></TagSet></Tagging>`, "Content-MD5: m"), "s3",
			Object{"Bucket": "logs", "ContentMD5": "m", "Tagging": Object{"TagSet": List{Object{"Key": "a", "Value": "b"}}}}},
		{"REST-XML blob and headers", request("PUT", "/logs/k", "data", "X-Amz-Meta-Owner: me", "X-Amz-Acl: private"), "s3",
			Object{"Bucket": "logs", "Key": "k", "Body": []byte("data"), "ACL": "private", "Metadata": Object{"owner": "me"}}},
		{"REST-XML query string", request("GET", "/logs?list-type=2&max-keys=7&fetch-owner=true", ""), "s3",
			Object{"Bucket": "logs", "MaxKeys": int64(7), "FetchOwner": true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := target(t, tc.req, tc.signing).Decode(tc.req)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for _, tc := range []struct {
		name    string
		req     *Request
		signing string
		code    string
		part    string
	}{
		{"broken JSON", cloudtrail("StopLogging", `{`), "cloudtrail", "SerializationException", "not JSON"},
		{"two JSON values", cloudtrail("StopLogging", `{}{}`), "cloudtrail", "SerializationException", "more than one"},
		{"wrong type", cloudtrail("StopLogging", `{"Name":5}`), "cloudtrail", "SerializationException", "Name: want string"},
		{"a list for a structure", cloudtrail("StopLogging", deep), "cloudtrail", "SerializationException", "want an object"},
		{"missing member", cloudtrail("StopLogging", `{}`), "cloudtrail", "ValidationException", "Value null at 'name' failed to satisfy constraint: Member must not be null"},
		{"enumeration", cloudtrail("LookupEvents", `{"LookupAttributes":[{"AttributeKey":"Nope","AttributeValue":"x"}]}`), "cloudtrail", "ValidationException", "lookupAttributes.1.member.attributeKey"},
		{"range", cloudtrail("LookupEvents", `{"MaxResults":51}`), "cloudtrail", "ValidationException", "less than or equal to 50"},
		{"pattern", form("Action=CreateUser&Version=2010-05-08&UserName=a%20b"), "iam", "ValidationError", "regular expression"},
		{"two errors", form("Action=CreateUser&Version=2010-05-08&UserName=a%20b&Path=x"), "iam", "ValidationError", "2 validation errors detected"},
		{"a list with a name", form("Action=TagUser&Version=2010-05-08&UserName=u&Tags.member.x.Key=a"), "iam", "MalformedQueryString", "want a number"},
		{"a number that isn't", form("Action=ListUsers&Version=2010-05-08&MaxItems=many"), "iam", "MalformedQueryString", "MaxItems: want integer"},
		{"depth", form("Action=ListUsers&Version=2010-05-08&" + strings.Repeat("a.", 100) + "a=1"), "iam", "MalformedQueryString", "too deeply"},
		{"EC2 missing member", form("Action=CreateSecurityGroup&Version=2016-11-15&GroupName=x"), "ec2", "MissingParameter", "Description"},
		{"SNS missing member", form("Action=CreateTopic&Version=2010-03-31"), "sns", "InvalidParameter", "name"},
		{"SQS missing member", form("Action=CreateQueue&Version=2012-11-05"), "sqs", "MissingParameter", "QueueName"},
		{"broken XML", request("PUT", "/logs?tagging", "<Tagging>"), "s3", "MalformedXML", "not XML"},
		{"deep XML", request("PUT", "/logs?tagging", strings.Repeat("<a>", 100)), "s3", "MalformedXML", "too deeply"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := target(t, tc.req, tc.signing).Decode(tc.req)
			var failure *Error
			if !errors.As(err, &failure) || failure.Code != tc.code || !strings.Contains(failure.Message, tc.part) {
				t.Errorf("got %v, want %s with %q", err, tc.code, tc.part)
			}
		})
	}
}
