package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/sandbox"
	"riposte.dev/web"
)

const memberID = "444455556666"

// TestAnAccountOfTheOrganization is discovered, and a trail there that is stopped is started again in its role.
func TestAnAccountOfTheOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	member, err := w.CreateAccount(memberID, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.account.CreateOrganization(member); err != nil {
		t.Fatal(err)
	}
	if _, err := member.CreateRole("riposte-responder", fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},
		"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"shop-42"}}}}`, ownID), sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	shop := w.as(member.CreateRootKey())
	makeTrails(t, shop, "logs-of-shop", "audit")
	e := w.start(t, "  organization: {role: riposte-responder, external_id: shop-42}\n", "mode: auto\nguard: {allow: [{accounts: [\"*\"]}]}\n")
	eventually(t, "the member account is reached", func() bool {
		return slices.ContainsFunc(e.listAccounts(), func(a web.Account) bool { return a.ID == memberID && a.Status == "ok" })
	})
	if got := e.ready(t.Context()).Parts["organization"]; got != "" && got != "ok" {
		t.Errorf("the organisation is %q", got)
	}

	e.post(t, strings.ReplaceAll(stoppedEvent("audit"), ownID, memberID))
	eventually(t, "the trail logs", func() bool {
		status, err := cloudtrail.NewFromConfig(shop).GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: aws.String("audit")})
		return err == nil && aws.ToBool(status.IsLogging)
	})
	made := w.Calls(sandbox.Match{Operation: "StartLogging", Account: memberID})
	if len(made) != 1 || made[0].Principal != "arn:aws:sts::"+memberID+":assumed-role/riposte-responder/riposte" {
		t.Errorf("the trail was started by %+v", made)
	}
	if len(w.Calls(sandbox.Match{Operation: "AssumeRole", Resource: `"ExternalId":"shop-42"`})) == 0 {
		t.Error("the role was assumed without the external id")
	}
}

// ownRule looks at what riposte itself calls, too.
const ownRule = `id: accounts-listed
title: Somebody listed the accounts
story: Riposte does so itself.
severity: LOW
match:
  pattern: {source: [aws.organizations], detail-type: [AWS API Call via CloudTrail]}
finding: {type: TTPs/Discovery, title: "${detail.requestID} was made", group: "${detail.requestID}"}
`

// TestOwnCallsAreKnownAfterARestart posts the records of a call that riposte made before it was started anew, and of one that
// somebody else made in its name.
func TestOwnCallsAreKnownAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.account.CreateOrganization(); err != nil {
		t.Fatal(err)
	}
	w.write(t, "rules/own.yaml", ownRule)
	e := w.start(t, "  organization: {role: riposte-responder}\n", onlyRules)
	listed := sandbox.Match{Operation: "ListAccounts", Principal: ":user/riposte"}
	eventually(t, "riposte lists the accounts", func() bool { return len(w.Calls(listed)) > 0 })
	own := w.Calls(listed)[0].RequestID
	eventually(t, "riposte has the answer", func() bool {
		known, err := e.own.Known(t.Context(), own)
		return known && err == nil
	})
	e.stop(t)

	e = w.start(t, "", onlyRules)
	e.post(t, listedEvent(own))
	eventually(t, "the first event is handled", func() bool { return e.metric(t, "riposte_detect_events_total") != "0" })
	e.post(t, listedEvent("stranger"))
	e.finding(t, "stranger was made")
	const misuse = "The responder role was used by somebody else"
	e.finding(t, misuse+": organizations:ListAccounts from stranger.example")
	for _, title := range []string{own + " was made", misuse + ": organizations:ListAccounts from " + own + ".example"} {
		if e.found(t, title) != nil {
			t.Errorf("there is a finding about riposte's own call: %s", title)
		}
	}
}

// listedEvent is a call of ListAccounts in the name of riposte's user. Where it comes from has the request in it.
func listedEvent(request string) string {
	return fmt.Sprintf(`{"version":"0","id":"event-%[1]s","detail-type":"AWS API Call via CloudTrail","source":"aws.organizations","account":%[2]q,"time":%[3]q,"region":"us-east-1","resources":[],
		"detail":{"eventVersion":"1.08","eventID":"listed-%[1]s","requestID":%[1]q,"eventName":"ListAccounts","eventSource":"organizations.amazonaws.com","eventType":"AwsApiCall",
		"eventTime":%[3]q,"awsRegion":"us-east-1","recipientAccountId":%[2]q,"sourceIPAddress":"%[1]s.example","userAgent":"riposte",
		"userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::%[2]s:user/riposte","accountId":%[2]q,"userName":"riposte"}}}`,
		request, ownID, time.Now().UTC().Format(time.RFC3339))
}
