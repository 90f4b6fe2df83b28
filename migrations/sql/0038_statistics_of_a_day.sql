set local role sunledger_owner;

-- A load day may hold ten million rows, each on a page that a sample has to read. Whoever asks for them asks for loads:
-- how many rows these have, a third of the sample tells as well.
alter function raw.analyze_partition(text, date) set default_statistics_target = 10;

reset role;
