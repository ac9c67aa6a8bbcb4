package target

import "time"

// The retry policy's defaults, which are its limits too
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html).
const (
	defaultAttempts = 185
	defaultAge      = 86400 * time.Second
)

// What ended a delivery, as EXHAUSTED_RETRY_CONDITION says it.
const (
	tooManyAttempts = "MaximumRetryAttempts"
	tooOld          = "MaximumEventAgeInSeconds"
)

// exhausted returns the condition that ends a delivery after so many attempts at this age, "" for none.
func (p *RetryPolicy) exhausted(attempts int, age time.Duration) string {
	most, oldest := defaultAttempts, defaultAge
	if p != nil && p.MaximumRetryAttempts != nil {
		most = *p.MaximumRetryAttempts
	}
	if p != nil && p.MaximumEventAgeInSeconds != nil {
		oldest = time.Duration(*p.MaximumEventAgeInSeconds) * time.Second
	}
	switch {
	case attempts > most:
		return tooManyAttempts
	case age >= oldest:
		return tooOld
	default:
		return ""
	}
}

// Backoff spaces the attempts. A pause is half of its length plus a random part of the other half, so that what failed
// together is not tried together.
type Backoff struct {
	First time.Duration // before the second attempt; default 1 s; doubles from attempt to attempt
	Max   time.Duration // the longest pause; default 12 min
}

func (b Backoff) withDefaults() Backoff {
	if b.First <= 0 {
		b.First = time.Second
	}
	if b.Max <= 0 {
		b.Max = 12 * time.Minute // 185 of them fill a day
	}
	return b
}

// pause returns how long to wait after the given attempt; random is in [0,1).
func (b Backoff) pause(attempt int, random float64) time.Duration {
	p := b.First
	for range attempt - 1 {
		if p *= 2; p >= b.Max {
			break
		}
	}
	p = min(p, b.Max)
	return p/2 + time.Duration(random*float64(p/2))
}
