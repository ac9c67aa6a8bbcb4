package sandbox

import (
	"strings"
	"time"
)

// trimGroupARN is the name of a log group in the end of its ARN.
func trimGroupARN(name string) string { return strings.TrimSuffix(name, ":*") }

// logRecord writes a record to a trail's log group, in the stream of the
// account and the trail's home region
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html).
// Without the group, or a role that may write to it, it does nothing. The lock
// is held.
func (s *Sandbox) logRecord(t *trail, account string, record []byte, at time.Time) {
	if t.logGroup == "" {
		return
	}
	region, owner, name, ok := cutARN(t.logGroup, "logs", "log-group:")
	if !ok || s.accounts[owner] == nil {
		return
	}
	g := s.logsOf(owner, region).byName[trimGroupARN(name)]
	if g == nil {
		return
	}
	stream := account + "_CloudTrail_" + t.home
	if t.org && s.org != nil {
		stream = s.org.id + "_" + stream
	}
	from := sender{service: "cloudtrail.amazonaws.com", source: t.arn, account: t.account, role: t.logRole}
	resource := arn("logs", region, owner, "log-group:"+g.name+":log-stream:"+stream)
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := s.permits(from, action, resource, nil); err != nil {
			s.opts.Logger.Warn("record not written to the trail's log group", "trail", t.arn, "group", t.logGroup, "err", err)
			return
		}
	}
	s.writeLog(g, stream, string(record), at)
}
