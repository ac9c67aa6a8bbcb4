package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/action"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

// compliance has AWS Config tell that the account does not comply: one action, many trails.
func compliance(ctx context.Context, w *world) error {
	if err := w.manyTrails(ctx); err != nil {
		return err
	}
	remove := w.box.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "cloudtrail", Operation: "StartLogging", Resource: "billing"},
		Error: &sandbox.FaultError{Code: "InsufficientDependencyServiceAccessPermissionException", Message: "the trail's bucket refuses CloudTrail", Status: http.StatusBadRequest},
	})
	defer remove()
	w.says("AWS Config: cloudtrail-enabled is NON_COMPLIANT in account %s.", account)
	if _, err := w.box.ChangeCompliance(sandbox.Compliance{Account: account, Region: region, Rule: "cloudtrail-enabled",
		ResourceType: "AWS::::Account", ResourceID: account, Type: "NON_COMPLIANT", OldType: "COMPLIANT"}); err != nil {
		return err
	}
	var s playbook.Summary
	if err := wait(ctx, "the response to AWS Config", func() (bool, error) {
		var list []playbook.Summary
		err := w.client.Call(ctx, http.MethodGet, "/api/v1/executions", map[string][]string{"rule": {"cloudtrail-not-enabled"}}, nil, &list)
		if err != nil || len(list) == 0 || list[0].Status == playbook.Running {
			return false, err
		}
		s = list[0]
		return true, nil
	}); err != nil {
		return err
	}
	var view playbook.View
	if err := w.client.Call(ctx, http.MethodGet, "/api/v1/executions/"+s.ID, nil, nil, &view); err != nil {
		return err
	}
	got := map[string]action.Status{}
	for _, plan := range view.Plans {
		for _, item := range plan.Items {
			if before, twice := got[item.Resource.Name]; twice && before != item.Status {
				return fmt.Errorf("trail %s is in the plan twice", item.Resource.Name)
			}
			got[item.Resource.Name] = item.Status
		}
	}
	for name, status := range map[string]action.Status{
		trail: action.Unneeded, "payments": action.Changed, "billing": action.Failed, "migration": action.Excepted,
		"global": action.Changed, "organization": action.Escalated,
	} {
		if got[name] != status {
			return fmt.Errorf("trail %s is %q, not %q; the plan: %v", name, got[name], status, got)
		}
		w.checked("%-12s %s", name, status)
	}
	if on, err := w.logging(ctx, "global", home); err != nil || !on {
		return fmt.Errorf("the trail global logs: %v, %w", on, err)
	}
	w.checked("the shadow of \"global\" was counted once and started in its home region %s", home)
	mail, err := w.mailTo(ctx, "soc@example.com", "riposte@example.com", s.ID)
	if err != nil {
		return err
	}
	for _, part := range []string{"alice@shop.example (as role operations)", "unknown"} {
		if !strings.Contains(mail.Text, part) {
			return fmt.Errorf("the mail does not name %q:\n%s", part, mail.Text)
		}
	}
	w.shows("mail to soc@example.com: "+mail.Subject, mail.Text)
	w.checked("the mail names the person behind the role that stopped \"payments\"")
	return nil
}

// manyTrails brings the account into the state that AWS Config complains about.
func (w *world) manyTrails(ctx context.Context) error {
	w.says("Six trails: one logs; one is stopped by alice in a role, and left to Config by an exception; one cannot be started;\n"+
		"   one has an exception; one is at home in %s; one is the organisation's.", home)
	create := func(client *cloudtrail.Client, in *cloudtrail.CreateTrailInput) error {
		in.S3BucketName = aws.String(bucket)
		_, err := client.CreateTrail(ctx, in)
		return err
	}
	admin := w.trails("admin", region, staffIP)
	for _, name := range []string{"payments", "billing", "migration"} {
		if err := create(admin, &cloudtrail.CreateTrailInput{Name: aws.String(name)}); err != nil {
			return err
		}
	}
	if err := create(w.trails("admin", home, staffIP), &cloudtrail.CreateTrailInput{Name: aws.String("global"), IsMultiRegionTrail: aws.Bool(true)}); err != nil {
		return err
	}
	if err := w.organizationTrail(ctx); err != nil {
		return err
	}
	for _, e := range []guard.Exception{
		{Resource: "arn:aws:cloudtrail:*:" + account + ":trail/migration", Owner: "platform@example.com", Reason: "The trail is being replaced", Ticket: "OPS-42"},
		{Rule: "cloudtrail-logging-stopped", Resource: "arn:aws:cloudtrail:*:" + account + ":trail/payments", Owner: "soc@example.com", Reason: "The demo leaves it to AWS Config"},
		{Rule: "cloudtrail-logging-disabled-finding", Resource: "arn:aws:cloudtrail:*:" + account + ":trail/payments", Owner: "soc@example.com", Reason: "The demo leaves it to AWS Config"},
	} {
		e.Expires = time.Now().Add(time.Hour).UTC()
		if err := w.client.Call(ctx, http.MethodPost, "/api/v1/exceptions", nil, e, nil); err != nil {
			return err
		}
	}
	if _, err := admin.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("payments")}); err != nil {
		return err
	}
	session, err := sts.NewFromConfig(w.as(w.keys["alice"], region, staffIP)).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/operations"), RoleSessionName: aws.String("alice@shop.example")})
	if err != nil {
		return err
	}
	c := session.Credentials
	w.keys["alice as operations"] = sandbox.Keys{AccessKeyID: aws.ToString(c.AccessKeyId), SecretAccessKey: aws.ToString(c.SecretAccessKey), SessionToken: aws.ToString(c.SessionToken)}
	if _, err := w.trails("alice as operations", region, staffIP).StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("payments")}); err != nil {
		return err
	}
	before, err := w.execution(ctx, "cloudtrail-logging-stopped", w.stopped)
	if err != nil {
		return err
	}
	if before.Items[action.Excepted] != 1 {
		return fmt.Errorf("the exception for payments did not hold: %v", before.Items)
	}
	w.checked("alice's stop of \"payments\" was seen, left alone by exception, and reported")
	return nil
}

// organizationTrail makes a trail in the management account that the member account sees and may not start.
func (w *world) organizationTrail(ctx context.Context) error {
	const logs = "organization-trail-logs"
	buckets := s3.NewFromConfig(w.as(w.keys["management"], home, staffIP), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(logs)}); err != nil {
		return err
	}
	if _, err := buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(logs), Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::` + logs + `","arn:aws:s3:::` + logs + `/*"]}]}`)}); err != nil {
		return err
	}
	_, err := w.trails("management", home, staffIP).CreateTrail(ctx, &cloudtrail.CreateTrailInput{
		Name: aws.String("organization"), S3BucketName: aws.String(logs), IsMultiRegionTrail: aws.Bool(true), IsOrganizationTrail: aws.Bool(true)})
	return err
}
