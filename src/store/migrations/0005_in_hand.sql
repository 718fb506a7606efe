-- Each claim asks whether one of the messages in hand goes to the same person: the index alone answers.
DROP INDEX delivery_in_hand;
CREATE INDEX delivery_in_hand ON delivery (lease_until, recipient) WHERE state = 'sending';
