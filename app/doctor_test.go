package app

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/cli"
	"riposte.dev/doctor"
)

// Whether heads of the audit record can be kept is found out with the role that keeps them, and nothing is left behind.
func TestDoctorLooksAtTheAnchorsBucket(t *testing.T) {
	w := newWorld(t)
	client := s3.NewFromConfig(w.admin, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("vault"), ObjectLockEnabledForBucket: aws.Bool(true),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region}}); err != nil {
		t.Fatal(err)
	}
	config := w.configure(t, "", "audit: {anchor: {bucket: {name: vault, owner: \""+ownID+"\", prefix: heads/, retain: 48h}}}\n")
	look := func() doctor.Result {
		t.Helper()
		results, err := examine(t.Context(), cli.DoctorOptions{Config: config, Data: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Check == "audit anchor" {
				return r
			}
		}
		t.Fatal("the anchor was not looked at")
		return doctor.Result{}
	}
	if r := look(); r.Status != doctor.OK || !strings.Contains(r.Summary, "can be kept in vault, each for 48h0m0s in mode COMPLIANCE") {
		t.Errorf("%+v", r)
	}
	if out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("vault")}); err != nil || len(out.Contents) != 0 {
		t.Errorf("%d objects are left in the bucket, %v", len(out.Contents), err)
	}
	if _, err := client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String("vault"), Policy: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::` + ownID + `:user/riposte"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::vault/*"}}`)}); err != nil {
		t.Fatal(err)
	}
	if r := look(); r.Status != doctor.Fail || !strings.Contains(r.Detail, "riposte may not write to bucket vault") || r.Next != "riposte iam policy responder" {
		t.Errorf("denied by the bucket's policy: %+v", r)
	}
}
