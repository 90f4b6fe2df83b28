set local role sunledger_owner;

-- The rest of ISO 4217, and codes withdrawn since 2000, which old contracts and bills still carry.
insert into core.currency (currency_code, name) values
('AFN', 'Afghani'), ('ALL', 'Lek'), ('AMD', 'Armenian dram'), ('ANG', 'Netherlands Antillean guilder'),
('AOA', 'Kwanza'), ('ARS', 'Argentine peso'), ('AWG', 'Aruban florin'), ('AZN', 'Azerbaijan manat'),
('BAM', 'Convertible mark'), ('BBD', 'Barbados dollar'), ('BDT', 'Taka'), ('BGN', 'Bulgarian lev'),
('BHD', 'Bahraini dinar'), ('BIF', 'Burundi franc'), ('BMD', 'Bermudian dollar'), ('BND', 'Brunei dollar'),
('BOB', 'Boliviano'), ('BSD', 'Bahamian dollar'), ('BTN', 'Ngultrum'), ('BWP', 'Pula'), ('BYN', 'Belarusian ruble'),
('BZD', 'Belize dollar'), ('CRC', 'Costa Rican colon'), ('CUP', 'Cuban peso'), ('CVE', 'Cabo Verde escudo'),
('DJF', 'Djibouti franc'), ('DOP', 'Dominican peso'), ('DZD', 'Algerian dinar'), ('ERN', 'Nakfa'),
('FJD', 'Fiji dollar'), ('FKP', 'Falkland Islands pound'), ('GEL', 'Lari'), ('GIP', 'Gibraltar pound'),
('GMD', 'Dalasi'), ('GNF', 'Guinean franc'), ('GTQ', 'Quetzal'), ('GYD', 'Guyana dollar'), ('HKD', 'Hong Kong dollar'),
('HNL', 'Lempira'), ('HTG', 'Gourde'), ('IQD', 'Iraqi dinar'), ('IRR', 'Iranian rial'), ('ISK', 'Iceland krona'),
('JMD', 'Jamaican dollar'), ('JOD', 'Jordanian dinar'), ('KGS', 'Som'), ('KHR', 'Riel'), ('KMF', 'Comorian franc'),
('KPW', 'North Korean won'), ('KWD', 'Kuwaiti dinar'), ('KYD', 'Cayman Islands dollar'), ('KZT', 'Tenge'),
('LAK', 'Lao kip'), ('LBP', 'Lebanese pound'), ('LKR', 'Sri Lanka rupee'), ('LRD', 'Liberian dollar'), ('LSL', 'Loti'),
('LYD', 'Libyan dinar'), ('MDL', 'Moldovan leu'), ('MKD', 'Denar'), ('MMK', 'Kyat'), ('MNT', 'Tugrik'),
('MOP', 'Pataca'), ('MRU', 'Ouguiya'), ('MVR', 'Rufiyaa'), ('NIO', 'Cordoba oro'), ('OMR', 'Rial Omani'),
('PAB', 'Balboa'), ('PEN', 'Sol'), ('PGK', 'Kina'), ('PYG', 'Guarani'), ('QAR', 'Qatari rial'),
('RSD', 'Serbian dinar'), ('RUB', 'Russian ruble'), ('SBD', 'Solomon Islands dollar'), ('SCR', 'Seychelles rupee'),
('SDG', 'Sudanese pound'), ('SHP', 'Saint Helena pound'), ('SRD', 'Surinam dollar'), ('SSP', 'South Sudanese pound'),
('STN', 'Dobra'), ('SVC', 'El Salvador colon'), ('SYP', 'Syrian pound'), ('SZL', 'Lilangeni'), ('TJS', 'Somoni'),
('TMT', 'Turkmenistan manat'), ('TND', 'Tunisian dinar'), ('TOP', 'Paanga'), ('TTD', 'Trinidad and Tobago dollar'),
('TWD', 'New Taiwan dollar'), ('UYU', 'Peso uruguayo'), ('UZS', 'Uzbekistan sum'), ('VES', 'Bolivar soberano'),
('VUV', 'Vatu'), ('WST', 'Tala'), ('XCD', 'East Caribbean dollar'), ('XCG', 'Caribbean guilder'), ('XPF', 'CFP franc'),
('YER', 'Yemeni rial'),
-- withdrawn
('AZM', 'Azerbaijanian manat, to 2005'), ('BYR', 'Belarusian ruble, to 2016'), ('CUC', 'Peso convertible, to 2021'),
('CYP', 'Cyprus pound, to 2008'), ('EEK', 'Kroon, to 2010'), ('GHC', 'Ghana cedi, to 2007'),
('HRK', 'Croatian kuna, to 2022'), ('LTL', 'Lithuanian litas, to 2014'), ('LVL', 'Latvian lats, to 2013'),
('MGF', 'Malagasy franc, to 2004'), ('MRO', 'Ouguiya, to 2017'), ('MTL', 'Maltese lira, to 2008'),
('MZM', 'Mozambique metical, to 2006'), ('ROL', 'Romanian leu, to 2005'), ('SDD', 'Sudanese dinar, to 2007'),
('SIT', 'Tolar, to 2007'), ('SKK', 'Slovak koruna, to 2009'), ('SLL', 'Leone, to 2023'), ('STD', 'Dobra, to 2017'),
('TMM', 'Turkmenistan manat, to 2009'), ('TRL', 'Turkish lira, to 2005'), ('VEF', 'Bolivar, to 2018'),
('ZMK', 'Zambian kwacha, to 2012'), ('ZWD', 'Zimbabwe dollar, to 2008'), ('ZWL', 'Zimbabwe dollar, to 2024')
on conflict do nothing;

reset role;
