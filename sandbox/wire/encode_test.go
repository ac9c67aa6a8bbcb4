package wire

import (
	"strings"
	"testing"
	"time"
)

func TestEncode(t *testing.T) {
	at := time.Date(2023, 7, 10, 12, 0, 31, 250e6, time.UTC)
	for _, tc := range []struct {
		name    string
		req     *Request
		signing string
		out     Object
		body    string
		header  string // "Name: value"
	}{
		{"JSON", cloudtrail("GetTrailStatus", `{"Name":"abc"}`), "cloudtrail", Object{"IsLogging": true, "StartLoggingTime": at},
			`{"IsLogging":true,"StartLoggingTime":1688990431.25}`, "Content-Type: application/x-amz-json-1.1"},
		{"JSON without output", cloudtrail("StopLogging", `{"Name":"abc"}`), "cloudtrail", nil, `{}`, "X-Amzn-RequestId: r-1"},
		{"Query", form("Action=ListUsers&Version=2010-05-08"), "iam", Object{"IsTruncated": false, "Users": List{Object{"UserName": "a&b", "CreateDate": at.Truncate(time.Second)}}},
			`<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><Users><member><UserName>a&amp;b</UserName><CreateDate>2023-07-10T12:00:31Z</CreateDate></member></Users><IsTruncated>false</IsTruncated></ListUsersResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></ListUsersResponse>`, "Content-Type: text/xml;charset=UTF-8"},
		{"Query without output", form("Action=DeleteUser&Version=2010-05-08&UserName=x"), "iam", nil,
			`<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></DeleteUserResponse>`, ""},
		{"Query flattened map", form("Action=GetQueueAttributes&Version=2012-11-05&QueueUrl=u"), "sqs", Object{"Attributes": Object{"A": "1", "B": "2"}},
			`<GetQueueAttributesResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><GetQueueAttributesResult><Attribute><Name>A</Name><Value>1</Value></Attribute><Attribute><Name>B</Name><Value>2</Value></Attribute></GetQueueAttributesResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetQueueAttributesResponse>`, ""},
		{"EC2", form("Action=DescribeVpcs&Version=2016-11-15"), "ec2", Object{"Vpcs": List{Object{"VpcId": "vpc-1", "IsDefault": true}}},
			`<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId><vpcSet><item><vpcId>vpc-1</vpcId><isDefault>true</isDefault></item></vpcSet></DescribeVpcsResponse>`, ""},
		{"EC2 without output", form("Action=DeleteVpc&Version=2016-11-15&VpcId=vpc-1"), "ec2", nil,
			`<DeleteVpcResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId><return>true</return></DeleteVpcResponse>`, ""},
		{"REST-JSON", request("POST", "/getAlternateContact", `{"AlternateContactType":"SECURITY"}`), "account", Object{"AlternateContact": Object{"Name": "n"}},
			`{"AlternateContact":{"Name":"n"}}`, "Content-Type: application/json"},
		{"REST-XML", request("GET", "/", ""), "s3", Object{"Buckets": List{Object{"Name": "b", "CreationDate": at}}},
			`<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets><Bucket><Name>b</Name><CreationDate>2023-07-10T12:00:31.250Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`, "Content-Type: application/xml"},
		{"REST-XML text as root", request("GET", "/logs?location", ""), "s3", Object{"LocationConstraint": "eu-west-1"},
			`<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>`, ""},
		{"REST-XML attribute", request("GET", "/logs?acl", ""), "s3", Object{"Grants": List{Object{"Permission": "READ", "Grantee": Object{"Type": "Group", "URI": "u"}}}},
			`<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`, ""},
		{"REST-XML string payload", request("GET", "/logs?policy", ""), "s3", Object{"Policy": "{}"}, `{}`, ""},
		{"REST-XML blob and headers", request("GET", "/logs/k", ""), "s3", Object{"Body": []byte("data"), "LastModified": at, "Metadata": Object{"owner": "me"}}, `data`, "Last-Modified: Mon, 10 Jul 2023 12:00:31 GMT"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := target(t, tc.req, tc.signing).Encode(tc.out, "r-1")
			if err != nil {
				t.Fatal(err)
			}
			body := strings.TrimPrefix(string(resp.Body), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
			if body != tc.body {
				t.Errorf("body is\n%s\nwant\n%s", body, tc.body)
			}
			if k, v, ok := strings.Cut(tc.header, ": "); ok && resp.Header.Get(k) != v {
				t.Errorf("header %s is %q, want %q", k, resp.Header.Get(k), v)
			}
		})
	}
}

func TestEncodeRefusesUnknownMembers(t *testing.T) {
	for name, tc := range map[string]struct {
		req     *Request
		signing string
		out     Object
	}{
		"top":    {cloudtrail("GetTrail", `{"Name":"abc"}`), "cloudtrail", Object{"Trial": Object{}}},
		"nested": {cloudtrail("GetTrail", `{"Name":"abc"}`), "cloudtrail", Object{"Trail": Object{"Nmae": "x"}}},
		"XML":    {form("Action=GetUser&Version=2010-05-08"), "iam", Object{"User": Object{"Nmae": "x"}}},
		"type":   {form("Action=GetUser&Version=2010-05-08"), "iam", Object{"User": Object{"UserName": struct{}{}}}},
	} {
		if _, err := target(t, tc.req, tc.signing).Encode(tc.out, "r"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEncodeError(t *testing.T) {
	for _, tc := range []struct {
		name    string
		req     *Request
		signing string
		err     *Error
		status  int
		body    string
		header  string
	}{
		{"JSON", cloudtrail("StopLogging", `{}`), "cloudtrail", Errorf("TrailNotFoundException", "Unknown"), 400, `{"__type":"TrailNotFoundException","message":"Unknown"}`, ""},
		{"JSON with a capital", request("POST", "/", "{}", "X-Amz-Target: AWSOrganizationsV20161128.ListAccounts"), "organizations", Errorf("AccessDeniedException", "no"), 400, `{"Message":"no","__type":"AccessDeniedException"}`, ""},
		{"JSON of a former Query service", request("POST", "/", "{}", "X-Amz-Target: AmazonSQS.SendMessage"), "sqs", Errorf("QueueDoesNotExist", "gone"), 400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}`, "X-Amzn-Query-Error: AWS.SimpleQueueService.NonExistentQueue;Sender"},
		{"Query", form("Action=GetUser&Version=2010-05-08"), "iam", Errorf("NoSuchEntityException", "gone"), 404, `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>gone</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`, ""},
		{"EC2", form("Action=DescribeVpcs&Version=2016-11-15"), "ec2", Errorf("InvalidVpcID.NotFound", "gone"), 400, `<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>gone</Message></Error></Errors><RequestID>r-1</RequestID></Response>`, ""},
		{"REST-JSON", request("POST", "/getAlternateContact", `{}`), "account", Errorf("ResourceNotFoundException", "gone"), 404, `{"message":"gone"}`, "X-Amzn-Errortype: ResourceNotFoundException"},
		{"REST-XML", request("GET", "/logs?acl", ""), "s3", &Error{Code: "NoSuchBucket", Message: "gone", Status: 404, Fields: map[string]string{"BucketName": "logs"}}, 404, `<Error><Code>NoSuchBucket</Code><Message>gone</Message><BucketName>logs</BucketName><RequestId>r-1</RequestId></Error>`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp := target(t, tc.req, tc.signing).EncodeError(tc.err, "r-1")
			body := strings.TrimPrefix(string(resp.Body), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
			if resp.Status != tc.status || body != tc.body {
				t.Errorf("got %d %s\nwant %d %s", resp.Status, body, tc.status, tc.body)
			}
			if k, v, ok := strings.Cut(tc.header, ": "); ok && resp.Header.Get(k) != v {
				t.Errorf("header %s is %q, want %q", k, resp.Header.Get(k), v)
			}
		})
	}
}

func TestCommonErrors(t *testing.T) {
	for _, tc := range []struct {
		service string
		p       Protocol
		kind    Common
		code    string
		status  int
		record  string
	}{
		{"cloudtrail", JSON, Denied, "AccessDeniedException", 400, "AccessDenied"},
		{"iam", Query, Denied, "AccessDenied", 403, "AccessDenied"},
		{"sns", Query, Denied, "AuthorizationError", 403, "AccessDenied"},
		{"ec2", EC2, Denied, "UnauthorizedOperation", 403, "Client.UnauthorizedOperation"},
		{"s3", RESTXML, Denied, "AccessDenied", 403, "AccessDenied"},
		{"ec2", EC2, Internal, "InternalError", 500, "Server.InternalError"},
		{"s3", RESTXML, UnknownKey, "InvalidAccessKeyId", 403, "InvalidAccessKeyId"},
		{"ec2", EC2, UnknownKey, "AuthFailure", 401, "Client.AuthFailure"},
	} {
		e := CommonError(tc.service, tc.p, tc.kind, "x")
		m := loaded(t).Model(tc.service)
		if code, status := m.wireCode(e); code != tc.code || status != tc.status || m.RecordCode(e) != tc.record {
			t.Errorf("%s %d: got %s %d, in records %s", tc.service, tc.kind, code, status, m.RecordCode(e))
		}
	}
}
