package sandbox_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/sandbox"
)

func TestAccessLists(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, name := w.s3(w.root, "us-east-1"), aws.String("lists")
	create := func(acl types.BucketCannedACL, ownership types.ObjectOwnership) error {
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name, ACL: acl, ObjectOwnership: ownership})
		return err
	}
	wantCode(t, create("public-read", ""), "InvalidBucketAclWithObjectOwnership")
	wantCode(t, create("public-read", types.ObjectOwnershipObjectWriter), "InvalidBucketAclWithBlockPublicAccessError")
	must(t, create("private", types.ObjectOwnershipObjectWriter))
	get := func() string {
		out, err := client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name})
		must(t, err)
		text := ""
		for _, g := range out.Grants {
			who := aws.ToString(g.Grantee.URI)
			if aws.ToString(g.Grantee.ID) == *out.Owner.ID {
				who = "owner"
			}
			text += fmt.Sprintf("%s %s %s;", g.Grantee.Type, who, g.Permission)
		}
		return text
	}
	const owner, logs, all = "CanonicalUser owner FULL_CONTROL;", "http://acs.amazonaws.com/groups/s3/LogDelivery", "http://acs.amazonaws.com/groups/global/AllUsers"
	if got, want := get(), owner; got != want {
		t.Errorf("the list is %s, want %s", got, want)
	}
	put := func(in s3.PutBucketAclInput) error {
		in.Bucket = name
		_, err := client.PutBucketAcl(ctx, &in)
		return err
	}
	wantCode(t, put(s3.PutBucketAclInput{ACL: "public-read"}), "AccessDenied")
	_, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: name})
	must(t, err)
	must(t, put(s3.PutBucketAclInput{GrantWrite: aws.String("uri=" + all), GrantRead: aws.String(`uri="` + all + `"`)}))
	if got, want := get(), "Group "+all+" READ;Group "+all+" WRITE;"; got != want {
		t.Errorf("the list is %s, want %s", got, want)
	}
	must(t, put(s3.PutBucketAclInput{ACL: "authenticated-read"}))
	wantCode(t, put(s3.PutBucketAclInput{ACL: "friends"}), "InvalidArgument")
	wantCode(t, put(s3.PutBucketAclInput{ACL: "private", GrantRead: aws.String("uri=" + all)}), "InvalidRequest")
	wantCode(t, put(s3.PutBucketAclInput{GrantRead: aws.String("emailAddress=xyz@example.com")}), "InvalidArgument")
	wantCode(t, put(s3.PutBucketAclInput{}), "MalformedXML")
	must(t, put(s3.PutBucketAclInput{AccessControlPolicy: &types.AccessControlPolicy{Owner: &types.Owner{ID: aws.String("x")},
		Grants: []types.Grant{{Grantee: &types.Grantee{Type: types.TypeGroup, URI: aws.String(logs)}, Permission: types.PermissionWrite}}}}))
	events := w.delivered(11)
	wantRecord(t, events[5], "PutBucketAcl", "", `{"Host":"lists.s3.us-east-1.amazonaws.com","bucketName":"lists","acl":"",
		"accessControlList":{"x-amz-grant-write":"uri=`+all+`","x-amz-grant-read":"uri=\"`+all+`\""}}`, "null")
	wantRecord(t, events[10], "PutBucketAcl", "", `{"Host":"lists.s3.us-east-1.amazonaws.com","bucketName":"lists","acl":"",
		"AccessControlPolicy":{"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/","Owner":{"ID":"x"},"AccessControlList":{"Grant":[
		{"Grantee":{"xmlns:xsi":"http://www.w3.org/2001/XMLSchema-instance","xsi:type":"Group","URI":"`+logs+`"},"Permission":"WRITE"}]}}}`, "null")
}
