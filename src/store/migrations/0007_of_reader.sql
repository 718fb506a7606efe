-- Each claim asks whether one of the messages in hand goes to the same person; whether one was interrupted is asked at the
-- beginning of a pass, and may look at all of those in hand.
DROP INDEX delivery_in_hand;
CREATE INDEX delivery_in_hand ON delivery (recipient, lease_until) WHERE state = 'sending';
