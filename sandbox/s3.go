package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// s3Service answers for buckets, their policies and public access blocks, and
// for objects that fit into one request
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html).
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html.
func s3Service() *service {
	block := func(name string) recordShape {
		return recordShape{name: name, noResponse: true, requestOf: s3Parameters("publicAccessBlock")}
	}
	notification := func(name string) recordShape {
		return recordShape{name: name, noResponse: true, requestOf: s3Parameters("notification")}
	}
	objectLock := recordShape{name: "GetBucketObjectLockConfiguration", noResponse: true, requestOf: s3Parameters("object-lock")}
	putLock := recordShape{name: "PutBucketObjectLockConfiguration", noResponse: true, requestOf: s3Parameters("object-lock")}
	of := func(address ...string) recordShape {
		return recordShape{noResponse: true, requestOf: s3Parameters(address...)}
	}
	svc := &service{
		name: "s3", prefix: "s3",
		operations: []operation{
			{name: "ListBuckets", action: "s3:ListAllMyBuckets", handle: listBuckets, record: of()},
			{name: "CreateBucket", resources: bucketOfInput, handle: createBucket, record: of()},
			{name: "DeleteBucket", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: deleteBucket, record: of()},
			{name: "HeadBucket", action: "s3:ListBucket", anonymous: true, resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: headBucket, record: of()},
			{name: "GetBucketLocation", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: getBucketLocation, record: of("location")},

			{name: "PutBucketPolicy", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: putBucketPolicy, record: of("policy")},
			{name: "GetBucketPolicy", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: getBucketPolicy, record: of("policy")},
			{name: "GetBucketPolicyStatus", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: getBucketPolicyStatus, record: of("policyStatus")},
			{name: "DeleteBucketPolicy", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: deleteBucketPolicy, record: of("policy")},
			{name: "PutBucketTagging", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: putBucketTags, record: of("tagging")},
			{name: "GetBucketTagging", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: getBucketTags, record: of("tagging")},
			{name: "DeleteBucketTagging", action: "s3:PutBucketTagging", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: deleteBucketTags, record: of("tagging")},
			{name: "PutPublicAccessBlock", action: "s3:PutBucketPublicAccessBlock", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: putPublicAccessBlock, record: block("PutBucketPublicAccessBlock")},
			{name: "GetPublicAccessBlock", action: "s3:GetBucketPublicAccessBlock", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: getPublicAccessBlock, record: block("GetBucketPublicAccessBlock")},
			{name: "DeletePublicAccessBlock", action: "s3:PutBucketPublicAccessBlock", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: deletePublicAccessBlock, record: block("DeleteBucketPublicAccessBlock")},
			{name: "GetObjectLockConfiguration", action: "s3:GetBucketObjectLockConfiguration", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: getObjectLock, record: objectLock},
			{name: "PutObjectLockConfiguration", action: "s3:PutBucketObjectLockConfiguration", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: putObjectLock, record: putLock},
			{name: "PutBucketNotificationConfiguration", action: "s3:PutBucketNotification", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: putBucketNotification, record: notification("PutBucketNotification")},
			{name: "GetBucketNotificationConfiguration", action: "s3:GetBucketNotification", resources: bucketOfInput, resourcePolicy: bucketPolicyOf, handle: getBucketNotification, record: notification("GetBucketNotification")},

			{name: "ListObjectsV2", action: "s3:ListBucket", data: true, anonymous: true, resources: bucketOfInput, resourcePolicy: bucketPolicyOf, conditions: listConditions, handle: listObjectsV2},
			{name: "ListObjects", action: "s3:ListBucket", data: true, anonymous: true, resources: bucketOfInput, resourcePolicy: bucketPolicyOf, conditions: listConditions, handle: listObjects},
			{name: "PutObject", data: true, anonymous: true, resources: objectOfInput, also: retains, resourcePolicy: bucketPolicyOf, conditions: putConditions, handle: putObject},
			{name: "GetObject", data: true, anonymous: true, resources: objectOfInput, resourcePolicy: bucketPolicyOf, handle: getObject},
			{name: "HeadObject", action: "s3:GetObject", data: true, anonymous: true, resources: objectOfInput, resourcePolicy: bucketPolicyOf, handle: headObject},
			{name: "DeleteObject", data: true, anonymous: true, resources: objectOfInput, resourcePolicy: bucketPolicyOf, handle: deleteObject},
		},
		setup: func(s *Sandbox) {
			s.buckets = func(name string) (*policy.Document, bool) {
				b := liveState(s, stateKey{service: "s3"}, newBuckets).byName[name]
				if b == nil {
					return nil, false
				}
				return b.document(), true
			}
		},
	}
	svc.operations = append(svc.operations, settingOperations(of)...)
	for i := range svc.operations {
		svc.operations[i].handle = inBucket(svc.operations[i].handle)
	}
	return svc
}

// inBucket refuses calls in another region than the bucket's, and notes what
// S3's records carry.
func inBucket(handle func(*call) (wire.Object, error)) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		c.additional = c.s3Additional()
		name := c.in.str("Bucket")
		if b := c.s3().byName[name]; b != nil && c.op.name != "CreateBucket" {
			c.touch("AWS::S3::Bucket", b.account, "arn:aws:s3:::"+name)
			c.subject("AWS::S3::Bucket", name)
			if want := c.in.str("ExpectedBucketOwner"); want != "" && want != b.account {
				return nil, c.fail(wire.Denied, "Access Denied")
			}
			if c.signature != nil && c.region != b.region && c.op.name != "GetBucketLocation" {
				return nil, &wire.Error{
					Code: "PermanentRedirect", Status: http.StatusMovedPermanently,
					Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
					Fields:  map[string]string{"Bucket": name, "Endpoint": "s3." + b.region + ".amazonaws.com", "Region": b.region},
				}
			}
		}
		return handle(c)
	}
}

// s3Additional is the additionalEventData of S3's records.
func (c *call) s3Additional() wire.Object {
	return wire.Object{
		"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader", "CipherSuite": "TLS_AES_128_GCM_SHA256",
		"bytesTransferredIn": len(c.request.Body), "bytesTransferredOut": 0,
		"x-amz-id-2": c.sb.hostID(),
	}
}

func bucketOfInput(c *call) []string { return []string{"arn:aws:s3:::" + c.in.str("Bucket")} }

func objectOfInput(c *call) []string {
	return []string{"arn:aws:s3:::" + c.in.str("Bucket") + "/" + c.in.str("Key")}
}

// bucketPolicyOf is the bucket's policy, unless the public access block keeps a
// public one from strangers.
func bucketPolicyOf(c *call) (*policy.Document, string) {
	b := c.s3().byName[c.in.str("Bucket")]
	if b == nil {
		return nil, ""
	}
	doc := b.document()
	stranger := c.caller == nil || c.caller.account != b.account
	if doc != nil && stranger && c.blockOn(b).restrict && isPublic(doc) {
		doc = nil
	}
	return doc, b.account
}

func listConditions(c *call) policy.Context {
	out := policy.Context{"s3:prefix": {c.in.str("Prefix")}}
	if c.in.has("Delimiter") {
		out["s3:delimiter"] = []string{c.in.str("Delimiter")}
	}
	if c.in.has("MaxKeys") {
		out["s3:max-keys"] = []string{strconv.Itoa(c.in.number("MaxKeys", 0))}
	}
	return out
}

func putConditions(c *call) policy.Context {
	out := policy.Context{}
	if acl := c.in.str("ACL"); acl != "" {
		out["s3:x-amz-acl"] = []string{acl}
	}
	if sse := c.in.str("ServerSideEncryption"); sse != "" {
		out["s3:x-amz-server-side-encryption"] = []string{sse}
	}
	return out
}

// s3Parameters makes the requestParameters of S3's records: the bucket, the host,
// the query keys that address the operation, and the body as its XML has it.
func s3Parameters(address ...string) func(*call) any {
	return func(c *call) any {
		out, host := wire.Object{}, c.awsHost()
		if name := c.in.str("Bucket"); name != "" {
			out["bucketName"] = name
			if !strings.HasPrefix(host, name+".") {
				host = name + "." + host // as the SDKs ask AWS, if not the sandbox
			}
		}
		out["Host"] = host
		put(out, "x-amz-acl", c.in.str("ACL"))
		if headers := c.in.grantHeaders(); headers != nil {
			out["accessControlList"] = headers
		}
		for _, key := range address {
			out[key] = ""
		}
		var doc any
		if text := c.in.str("Policy"); text != "" && json.Unmarshal([]byte(text), &doc) == nil {
			out["bucketPolicy"] = doc
		}
		for _, name := range []string{
			"CreateBucketConfiguration", "PublicAccessBlockConfiguration", "Tagging", "NotificationConfiguration",
			"ServerSideEncryptionConfiguration", "VersioningConfiguration", "BucketLoggingStatus", "AccessControlPolicy",
			"LifecycleConfiguration",
		} {
			if !c.in.has(name) {
				continue
			}
			out[name] = bodyOf(c, name, "http://s3.amazonaws.com/doc/2006-03-01/")
		}
		return out
	}
}

// bodyOf is a member of the input as S3's records have the XML of requests.
func bodyOf(c *call, member, namespace string) wire.Object {
	body := wire.Object{"xmlns": namespace}
	for k, v := range c.in.object(member) {
		body[k] = v
	}
	if grants, ok := body["Grants"]; ok { // the XML of an access list calls them otherwise than the model
		delete(body, "Grants")
		body["AccessControlList"] = wire.Object{"Grant": recordedGrants(grants)}
	}
	return body
}

// recordedGrants are grants as records have their XML: the type is an attribute.
func recordedGrants(grants any) wire.List {
	var out wire.List
	for _, g := range (input{"grants": grants}).objects("grants") {
		recorded, to := maps.Clone(wire.Object(g)), maps.Clone(wire.Object(g.object("Grantee")))
		to["xmlns:xsi"], to["xsi:type"] = "http://www.w3.org/2001/XMLSchema-instance", to["Type"]
		delete(to, "Type")
		recorded["Grantee"] = to
		out = append(out, recorded)
	}
	return out
}
