package stage

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
)

const bucket = "trail-logs"

// people creates the account with who is in it.
func (s *Stage) people(permissions []string) error {
	account, err := s.Box.CreateAccount(Account, "shop")
	if err != nil {
		return err
	}
	for _, user := range []struct {
		name, policy string
		keys         *sandbox.Keys
	}{
		{"admin", sandbox.AdministratorAccess, &s.Admin},
		{"mallory", policy("cloudtrail:StopLogging", "sts:AssumeRole"), &s.Intruder},
		{"riposte", policy("sts:AssumeRole"), &s.Own},
	} {
		if *user.keys, err = account.CreateUser(user.name, user.policy); err != nil {
			return err
		}
	}
	for role, of := range map[string]struct{ user, policy string }{
		Responder: {"riposte", policy(append(permissions, "cloudtrail:DescribeTrails", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus",
			"cloudtrail:StartLogging", "cloudtrail:StopLogging", "cloudtrail:LookupEvents", "organizations:DescribeOrganization")...)},
		Borrowed: {"mallory", policy("cloudtrail:StopLogging")},
	} {
		trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` + Account + ":user/" + of.user + `"}}]}`
		if _, err = account.CreateRole(role, trust, of.policy); err != nil {
			return err
		}
	}
	return nil
}

func policy(actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}]}`
}

// As is the configuration of somebody who calls the sandbox.
func (s *Stage) As(k sandbox.Keys, region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: aws.String(s.sandboxURL),
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)}
}

// CreateBucket makes the bucket that trails write to; call it once, before CreateTrail.
func (s *Stage) CreateBucket(ctx context.Context) error {
	buckets := s3.NewFromConfig(s.As(s.Admin, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		return err
	}
	_, err := buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(fmt.Sprintf(`{"Version":"2012-10-17",
		"Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],
		"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, bucket))})
	return err
}

// CreateTrail makes a trail that logs. A region has room for five, as in AWS.
func (s *Stage) CreateTrail(ctx context.Context, region, name string) error {
	trails := cloudtrail.NewFromConfig(s.As(s.Admin, region))
	if _, err := trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: aws.String(bucket)}); err != nil {
		return err
	}
	_, err := trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &name})
	return err
}

// StopTrail is what the intruder does.
func (s *Stage) StopTrail(ctx context.Context, region, name string) error {
	_, err := cloudtrail.NewFromConfig(s.As(s.Intruder, region)).StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &name})
	return err
}

// Logging reports whether a trail logs.
func (s *Stage) Logging(ctx context.Context, region, name string) (bool, error) {
	out, err := cloudtrail.NewFromConfig(s.As(s.Admin, region)).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &name})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.IsLogging), nil
}

// Calls lists what riposte called, in its role, of one operation or ("") of all.
func (s *Stage) Calls(operation string) []sandbox.Call {
	return s.Box.Calls(sandbox.Match{Operation: operation, Principal: ":assumed-role/" + Responder + "/"})
}
